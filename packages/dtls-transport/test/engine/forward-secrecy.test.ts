import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { CryptoProvider, KeyAgreement } from '../../src/crypto/provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { TestClient, TestListener } from '../support/endpoints.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A provider, and its keys of key agreements for as long as somebody holds them. */
function watched(): { readonly crypto: CryptoProvider; readonly keys: WeakRef<KeyAgreement>[] } {
  const keys: WeakRef<KeyAgreement>[] = [];
  const generateKeyAgreement: CryptoProvider['generateKeyAgreement'] = (group) => {
    const { publicKey, agree } = nodeCrypto.generateKeyAgreement(group);
    const key = { group, publicKey, agree: (peer: Uint8Array) => agree(peer) };
    keys.push(new WeakRef(key));
    return key;
  };
  return { crypto: { ...nodeCrypto, generateKeyAgreement }, keys };
}

// RFC 8446 E.1: whoever gets at an endpoint later must not find what the keys of its association were made with.
test.each(['1.2', '1.3'] as const)(
  'DTLS %s: neither side keeps its private key of the key agreement',
  async (version) => {
    const [ours, theirs] = [watched(), watched()];
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { versions: [version], crypto: theirs.crypto });
    const client = new TestClient(network, 'client', { versions: [version], crypto: ours.crypto });
    network.run(900);
    expect([ours.keys.length, theirs.keys.length]).toEqual([1, 1]);
    await new Promise(setImmediate); // a WeakRef holds until its job is over
    collectGarbage();
    expect([ours, theirs].map(({ keys }) => keys[0]!.deref())).toEqual([undefined, undefined]);
    client.send('still there');
    network.run(1_800);
    expect(listener.received).toEqual(['still there']);
  },
);
