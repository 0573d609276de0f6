import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const ONLY_13 = { versions: ['1.3'] } as const;
const fixture = (name: 'client' | 'ed25519') => fixtureIdentity(name, nodeCrypto.importSigningKey);
const identity = fixture('client');
const rawKey = fixture('ed25519').key;
const takes = (...clientCertificateTypes: NonNullable<DtlsListenerOptions['clientCertificateTypes']>) =>
  ({ ...ONLY_13, clientCertificate: 'require', clientCertificateTypes }) as const;

/** A client that says something at once, to a listener that takes what `known` shows. */
function shakeHands(
  client: Partial<DtlsClientOptions>,
  listener: Partial<DtlsListenerOptions>,
  known: Partial<DtlsClientOptions> = client,
) {
  const network = new VirtualNetwork(1);
  const theirs = new TestListener(network, listener, known);
  const ours = new TestClient(network, 'client', { ...ONLY_13, ...client });
  ours.send('early');
  network.run(10_000, () => ours.received.length > 0 || ours.closed !== undefined);
  return { network, client: ours, listener: theirs, shown: theirs.of('connected')[0] };
}

describe('a client with a raw key (RFC 7250)', () => {
  test('shows it in place of a certificate', () => {
    const { client, listener, shown } = shakeHands({ rawKey }, takes('raw-public-key'));
    expect(client.received).toEqual(['early']);
    expect(listener.of('peerRawKey')).toEqual([{ type: 'peerRawKey', peer: 1, spki: rawKey.spki }]);
    expect(shown).toMatchObject({ chain: [], rawKey: rawKey.spki });
  });

  test('and a certificate shows the first that the listener takes: the client would rather show the key', () => {
    const both = { identity, rawKey };
    expect(shakeHands(both, takes('x509', 'raw-public-key')).shown).toMatchObject({ rawKey: rawKey.spki });
    expect(shakeHands(both, takes('x509')).shown).toMatchObject({ chain: identity.chain, rawKey: undefined });
    expect(shakeHands({ identity }, takes('raw-public-key', 'x509')).shown).toMatchObject({ chain: identity.chain });
  });

  test('goes together with a raw key of the server', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { ...takes('raw-public-key'), identity: undefined, rawKey }, { rawKey });
    const client = new TestClient(network, 'client', { ...ONLY_13, rawKey, certificateTypes: ['raw-public-key'] });
    client.judgeRawKey = (spki, now) => client.engine.acceptPeer(spki, now);
    network.run(1_000);
    expect(listener.of('connected')[0]).toMatchObject({ rawKey: rawKey.spki });
  });

  test('that the listener does not know is turned away', () => {
    const { client, listener } = shakeHands({ rawKey }, takes('raw-public-key'), { rawKey: identity.key });
    expect(client.closed?.error).toMatchObject({ alertName: 'bad_certificate' });
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  test('whose signature is of another key is turned away: the key shows nothing without it', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, takes('raw-public-key'), { rawKey });
    const lying = { ...identity.key, spki: rawKey.spki, schemes: identity.key.schemes };
    const client = new TestClient(network, 'client', { ...ONLY_13, rawKey: lying });
    network.run(5_000);
    expect(client.closed?.error).toMatchObject({ alertName: 'decrypt_error' });
    expect(listener.of('connected')).toEqual([]);
  });

  test('is not asked by a listener that takes certificates alone, and then has none', () => {
    const { client } = shakeHands({ rawKey }, takes('x509'));
    expect(client.closed?.error).toMatchObject({ alertName: 'unsupported_certificate' });
    const optional = { ...takes('x509'), clientCertificate: 'request' } as const;
    expect(shakeHands({ rawKey }, optional).shown).toMatchObject({ chain: [], rawKey: undefined });
  });

  test('is what a listener may insist on: who has a certificate alone is turned away', () => {
    const { client } = shakeHands({ identity }, takes('raw-public-key'));
    expect(client.closed?.error).toMatchObject({ alertName: 'unsupported_certificate' });
    expect(shakeHands({}, { ...takes('raw-public-key'), clientCertificate: 'request' }).client.received).toEqual([
      'early',
    ]);
  });

  test('speaks 1.2 without it', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { versions: ['1.2'] });
    new TestClient(network, 'client', { versions: ['1.3', '1.2'], rawKey });
    network.run(5_000);
    expect(listener.of('connected')[0]).toMatchObject({ version: 'DTLS 1.2', rawKey: undefined });
  });
});
