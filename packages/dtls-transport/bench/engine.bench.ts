import { randomBytes } from 'node:crypto';
import { bench, describe } from 'vitest';
import { DtlsClient } from '../src/client.ts';
import type { Identity } from '../src/identity.ts';
import { DtlsListener } from '../src/listener/listener.ts';
import { generateSigningKey, nodeCrypto } from '../src/node/crypto-provider.ts';
import { createSelfSignedCertificate } from '../src/x509/create-certificate.ts';

const OPTIONS = { time: 500, warmupTime: 100 };

const { key } = generateSigningKey();
const certificate = createSelfSignedCertificate({
  key,
  crypto: nodeCrypto,
  commonName: 'bench',
  dnsNames: ['localhost'],
  notBefore: 0,
  notAfter: Date.UTC(2049, 0),
  serialNumber: Uint8Array.of(1),
});
const identity: Identity = { chain: [certificate], key };
const cipherSuites = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] as const;
const common = {
  crypto: nodeCrypto,
  cipherSuites,
  randomBytes: (length: number) => new Uint8Array(randomBytes(length)),
};
const out = new Uint8Array(2_048);

function newListener(): DtlsListener {
  return new DtlsListener({ ...common, identity, maxPeers: 1_000_000 });
}

/** Hands everything that each side says to the other until both are silent. The client's certificate question is answered. */
function talk(client: DtlsClient, listener: DtlsListener, path: string): void {
  for (let isSilent = false; !isSilent; ) {
    isSilent = true;
    for (let sent = client.pollTransmit(out); sent !== undefined; sent = client.pollTransmit(out)) {
      listener.receive(out.subarray(0, sent.length), path, 0);
      isSilent = false;
    }
    for (let sent = listener.pollTransmit(out); sent !== undefined; sent = listener.pollTransmit(out)) {
      client.receive(out.subarray(0, sent.length), 'server', 0);
      isSilent = false;
    }
    for (let event = client.pollEvent(); event !== undefined; event = client.pollEvent()) {
      if (event.type !== 'peerCertificate') continue;
      client.acceptPeer(key.spki, 0);
      isSilent = false;
    }
  }
}

/** A client whose handshake with the listener is done, and its number there. */
function connect(listener: DtlsListener, path: string): { client: DtlsClient; peer: number } {
  const client = new DtlsClient({ ...common, path: 'server', serverName: 'localhost' }, 0);
  talk(client, listener, path);
  const event = listener.pollEvent();
  if (event?.type !== 'connected') throw new Error('the handshake did not complete');
  return { client, peer: event.peer };
}

describe.each([100, 1_000])('a datagram of %i bytes from client to server', (length) => {
  const data = new Uint8Array(length).fill(1);
  const aead = nodeCrypto.aead('aes-128-gcm', new Uint8Array(16).fill(2));
  const nonce = new Uint8Array(12).fill(3);
  const additionalData = new Uint8Array(13);
  const sealed = new Uint8Array(length + 16);

  let listener = newListener();
  let { client } = connect(listener, 'client');
  let left = 20_000_000;

  bench(
    'through both engines',
    () => {
      if (left-- === 0) {
        // A key is used for 2^24.5 records and no more.
        listener = newListener();
        ({ client } = connect(listener, 'client'));
        left = 20_000_000;
      }
      client.send(data);
      listener.receive(out.subarray(0, client.pollTransmit(out)!.length), 'client', 0);
      listener.pollEvent();
    },
    OPTIONS,
  );

  bench(
    'its AES-128-GCM alone',
    () => {
      aead.seal(nonce, additionalData, data, sealed, 0);
      aead.open(nonce, additionalData, sealed);
    },
    OPTIONS,
  );
});

describe('a datagram of 100 bytes to a listener, by how many peers it has', () => {
  const data = new Uint8Array(100).fill(1);
  describe.each([1, 1_000])('%i', (count) => {
    let listener: DtlsListener | undefined;
    let clients: DtlsClient[] = [];
    let next = 0;
    bench(
      'received',
      () => {
        next = (next + 1) % count;
        clients[next]!.send(data);
        listener!.receive(out.subarray(0, clients[next]!.pollTransmit(out)!.length), `client ${next}`, 0);
        listener!.pollEvent();
      },
      {
        ...OPTIONS,
        setup: () => {
          if (listener !== undefined) return;
          listener = newListener();
          clients = Array.from({ length: count }, (_, index) => connect(listener!, `client ${index}`).client);
        },
      },
    );
  });
});

describe('a handshake with ECDSA and X25519', () => {
  const listener = newListener();
  let count = 0;

  bench(
    'both engines',
    () => {
      const path = `client ${count++}`;
      const { client, peer } = connect(listener, path);
      listener.closePeer(peer);
      talk(client, listener, path);
      listener.pollEvent();
    },
    OPTIONS,
  );

  const signed = new Uint8Array(100);

  bench(
    'its key agreements and signature alone',
    () => {
      const [ours, theirs] = [nodeCrypto.generateKeyAgreement('x25519'), nodeCrypto.generateKeyAgreement('x25519')];
      ours.agree(theirs.publicKey);
      theirs.agree(ours.publicKey);
      nodeCrypto.verify('ecdsa_secp256r1_sha256', key.spki, signed, key.sign('ecdsa_secp256r1_sha256', signed));
    },
    OPTIONS,
  );
});
