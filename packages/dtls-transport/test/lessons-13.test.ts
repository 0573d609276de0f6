import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../src/client.ts';
import type { DtlsListenerOptions } from '../src/listener/listener-options.ts';
import { nodeCrypto } from '../src/node/crypto-provider.ts';
import { readClientHello, writeClientHello } from '../src/wire/client-hello.ts';
import { EXTENSION } from '../src/wire/extensions.ts';
import {
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE,
  handshakeMessage,
  writeHandshakeHeader,
} from '../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../src/wire/record.ts';
import { readServerHello, writeServerHello } from '../src/wire/server-hello.ts';
import { seededBytes } from './support/deterministic-provider.ts';
import { identity, SERVER, TestClient, TestListener } from './support/endpoints.ts';
import { Insider } from './support/insider.ts';
import { newPkcs8 } from './support/private-keys.ts';
import { plainRecord, rewriteBody } from './support/rewrite.ts';
import { VirtualNetwork } from './support/virtual-network.ts';

/**
 * What other implementations were caught at, as far as it concerns DTLS 1.3, each as a test of the whole engine: `lessons.test.ts` has the
 * same for 1.2. Those about connection ids stand in `engine/connection-id.test.ts`, those about what may follow what in
 * `state-table-13.test.ts`; docs/security.md lists all.
 */

const ONLY_13 = { versions: ['1.3'] } as const;
const psk = { identity: Uint8Array.of(65), key: new Uint8Array(16).fill(7) };

/** A client and a listener, as far as they have come after so many milliseconds: a flight takes 20. */
function pair(at: number, client: Partial<DtlsClientOptions> = {}, listener: Partial<DtlsListenerOptions> = {}) {
  const network = new VirtualNetwork(1);
  const theirs = new TestListener(network, { ...ONLY_13, ...listener }, client);
  const ours = new TestClient(network, 'client', { ...ONLY_13, ...client }, listener.identity);
  network.run(at);
  return { network, client: ours, listener: theirs };
}

/** A fragment of a handshake message in a record of epoch 0. */
function fragment(type: number, messageSeq: number, length: number, offset: number, bytes: Uint8Array): Uint8Array {
  const content = new Uint8Array(HANDSHAKE_HEADER_LENGTH + bytes.length);
  const header = { type, length, messageSeq, offset, fragmentLength: bytes.length };
  content.set(bytes, writeHandshakeHeader(content, 0, header));
  return plainRecord(CONTENT_TYPE.handshake, content);
}

const withExtension = (type: number, bytes: Uint8Array) =>
  rewriteBody('clientHello', (body) => {
    const hello = readClientHello(body);
    return writeClientHello({ ...hello, extensions: new Map(hello.extensions).set(type, bytes) });
  });

describe('the cookie is checked on every path back to the start (CVE-2022-34293, CVE-2022-2576)', () => {
  test.each([
    ['nothing is there', 0],
    ["a handshake waits for the client's Finished", 30],
    ['an association is there', 900],
  ])('while %s', (_name, at) => {
    const { network, client, listener } = pair(at);
    const before = listener.engine.stats();
    const [hello] = network.sent.map(({ datagram }) => datagram);
    const cookie = Uint8Array.of(0, 52, ...seededBytes('no cookie')(52));
    const forged = withExtension(EXTENSION.cookie, cookie)(hello!);
    forged.set(seededBytes('another random')(32), 27);
    network.inject('client', SERVER, forged);
    network.run(at + 1);
    const { peers, handshakes } = listener.engine.stats();
    // The honest ClientHello is on its way in the first case.
    expect({ peers, handshakes }).toEqual({ peers: before.peers, handshakes: before.handshakes });
    network.run(5_000);
    expect(client.connectedAt).toBeDefined();
  });
});

test('the reader of cookies is bounded by the message (CVE-2022-35409)', () => {
  const { network, client, listener } = pair(1);
  const hello = network.sent[0]!.datagram;
  for (const cookie of [[], [0], [0, 0], [0, 9, 1], [255, 255, 1], [0, 1, 1, 1]]) {
    network.inject('stranger', SERVER, withExtension(EXTENSION.cookie, Uint8Array.from(cookie))(hello));
  }
  network.run(10);
  expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0 });
  network.run(5_000);
  expect(client.connectedAt).toBeDefined();
});

test('reassembly is bounded for each association (CVE-2014-3506, CVE-2016-2179, CVE-2022-29189)', () => {
  const network = new VirtualNetwork(1);
  const client = new TestClient(network, 'client', { ...ONLY_13, maxReassemblyBytes: 4_096 });
  network.run(1);
  const bytes = new Uint8Array(1_000);
  for (let seq = 0; seq < 200; seq++) {
    for (const offset of [0, 1_000, 3_000]) {
      network.inject(SERVER, 'client', fragment(HANDSHAKE_TYPE.serverHello, seq, 5_000, offset, bytes));
    }
  }
  network.run(2);
  const { overflow, unexpected } = client.engine.drops();
  expect(overflow).toBe(3); // the message that is awaited, but too long
  expect(unexpected).toBe(3 * 199); // in the clear only that one counts
  new TestListener(network, ONLY_13);
  network.run(5_000);
  expect(client.connectedAt).toBeDefined();
});

test('fragments without content make no progress and no loop (CVE-2022-29190)', () => {
  const { network, client, listener } = pair(1);
  const empty = fragment(HANDSHAKE_TYPE.serverHello, 0, 100, 0, new Uint8Array(0)).subarray(13);
  const many = Uint8Array.from(Array.from({ length: 100 }, () => [...empty]).flat());
  network.inject('client', SERVER, plainRecord(CONTENT_TYPE.handshake, many));
  network.inject(SERVER, 'client', plainRecord(CONTENT_TYPE.handshake, many));
  network.run(5_000);
  expect(client.connectedAt).toBeDefined();
  expect(listener.engine.stats().peers).toBe(1);
});

test('fragments of one message are never mixed when their lengths or types differ (CVE-2014-0195)', () => {
  const { network, client } = pair(1);
  const some = new Uint8Array(50);
  network.inject(SERVER, 'client', fragment(HANDSHAKE_TYPE.serverHello, 0, 60, 0, some));
  network.inject(SERVER, 'client', fragment(HANDSHAKE_TYPE.serverHello, 0, 5_000, 60, some));
  network.inject(SERVER, 'client', fragment(HANDSHAKE_TYPE.helloVerifyRequest, 0, 60, 50, some.subarray(40)));
  network.run(10_000);
  expect(client.connectedAt).toBeDefined();
});

test('application data without protection is dropped in every state (CVE-2020-24585)', () => {
  for (const at of [0, 30, 50, 900]) {
    const { network, client, listener } = pair(at);
    const plain = plainRecord(CONTENT_TYPE.applicationData, new TextEncoder().encode('forged'));
    network.inject('client', SERVER, plain);
    network.inject(SERVER, 'client', plain);
    network.run(5_000);
    expect([...listener.received, ...client.received]).toEqual([]);
    expect(client.connectedAt).toBeDefined();
  }
});

test('nor does data count that comes in an epoch of the handshake', () => {
  const insider = new Insider();
  const { network, client, listener } = pair(900, { keyLog: insider.keyLog });
  const data = new TextEncoder().encode('early');
  network.inject('client', SERVER, insider.record('client', 2, CONTENT_TYPE.applicationData, data));
  network.inject(SERVER, 'client', insider.record('server', 2, CONTENT_TYPE.applicationData, data));
  network.run(1_000);
  expect([...listener.received, ...client.received]).toEqual([]);
  expect(client.engine.drops().unexpected).toBe(1);
  network.inject('client', SERVER, insider.record('client', 3, CONTENT_TYPE.applicationData, data));
  network.run(1_100);
  expect(listener.received).toEqual(['early']); // so the insider knows the keys
});

test('a ChangeCipherSpec changes nothing, however early it comes (CVE-2014-0224)', () => {
  for (const at of [0, 10, 30, 50]) {
    const { network, client } = pair(at);
    const early = plainRecord(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1));
    network.inject('client', SERVER, early);
    network.inject(SERVER, 'client', early);
    network.run(5_000);
    expect(client.connectedAt).toBe(40);
  }
});

test('the replay window is checked, then the record is opened, then the window moves (CVE-2016-2181, CVE-2021-42142)', () => {
  const { network, client, listener } = pair(900);
  const far = Uint8Array.of(0x2b, 0xff, 0xff, ...new Uint8Array(40).fill(9)); // epoch 3, 16 bits of number
  for (let time = 0; time < 3; time++) network.inject('client', SERVER, far);
  network.run(901);
  expect(listener.engine.stats().drops).toMatchObject({ unauthenticated: 3, replayed: 0 });
  client.send('not pushed out of the window');
  network.run(1_000);
  const { datagram } = network.sent.filter(({ from }) => from === 'client').at(-1)!;
  network.inject('client', SERVER, datagram);
  network.run(1_100);
  expect(listener.received).toEqual(['not pushed out of the window']);
  expect(listener.engine.stats().drops.replayed).toBe(1);
});

describe('who has not the key is not who it says (CVE-2021-34433, CVE-2022-25638)', () => {
  const stranger = nodeCrypto.importSigningKey(newPkcs8('ecdsa_secp256r1_sha256'));
  const liar = { chain: identity.chain, key: stranger };

  test('a server', () => {
    const network = new VirtualNetwork(1);
    new TestListener(network, { ...ONLY_13, identity: liar });
    const client = new TestClient(network, 'client', ONLY_13); // it accepts the certificate
    network.run(20_000);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER', reason: 'bad-signature' });
  });

  test('a client', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network, { ...ONLY_13, clientCertificate: 'require' }, { identity });
    new TestClient(network, 'client', { ...ONLY_13, identity: liar });
    network.run(20_000);
    expect(listener.of('connected')).toEqual([]);
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });
});

describe('keys come of the key exchange or of a shared key: a ServerHello with neither is refused (CVE-2023-3724)', () => {
  const bare = rewriteBody('serverHello', (body) => {
    const hello = readServerHello(body);
    const extensions = new Map([...hello.extensions].filter(([type]) => type === EXTENSION.supportedVersions));
    return writeServerHello({ ...hello, extensions });
  });

  test.each<[string, Partial<DtlsClientOptions>, Partial<DtlsListenerOptions>]>([
    ['a certificate', {}, {}],
    ['a shared key', { psk }, { psk: true }],
    ['a shared key alone', { psk, pskModes: ['psk_ke'] }, { psk: true, pskModes: ['psk_ke'] }],
  ])('by a client with %s', (_name, options, listener) => {
    const network = new VirtualNetwork(1);
    network.rewrite = ({ from, datagram }) => (from === SERVER ? bare(datagram) : datagram);
    new TestListener(network, { ...ONLY_13, ...listener }, options);
    const client = new TestClient(network, 'client', { ...ONLY_13, ...options });
    network.run(20_000);
    expect(client.connectedAt).toBeUndefined();
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER' });
  });
});

test('state is freed on every path on which a handshake fails (CVE-2020-27222, CVE-2022-39368)', () => {
  const network = new VirtualNetwork(1);
  const options = { ...ONLY_13, psk: true, handshakeTimeout: 5_000, clientCertificate: 'require' } as const;
  const listener = new TestListener(network, options, { psk });
  const ends: readonly ((client: TestClient) => void)[] = [
    (client) => network.remove(client.address), // it vanishes
    (client) => client.engine.close(),
    (client) => client.engine.rejectPeer(42, network.now),
    () => {}, // it says nothing more
  ];
  ends.forEach((end, index) => {
    const client = new TestClient(network, `client ${index}`, { ...ONLY_13, handshakeTimeout: 4_000 });
    client.judge = () => end(client);
  });
  new TestClient(network, 'without a certificate', ONLY_13);
  new TestClient(network, 'with another key', { ...ONLY_13, psk: { ...psk, key: Uint8Array.of(1) } });
  new TestClient(network, 'with an unknown key', { ...ONLY_13, psk: { ...psk, identity: Uint8Array.of(1) } });
  network.run(100_000);
  expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: ends.length + 3 });
  expect(listener.engine.pollTimeout()).toBeUndefined();
});

test('no nonce comes twice under one key', () => {
  const seen = new Map<string, Set<string>>();
  const aead: typeof nodeCrypto.aead = (name, key) => {
    const nonces = seen.get(key.join()) ?? new Set<string>();
    seen.set(key.join(), nonces);
    const real = nodeCrypto.aead(name, key);
    const seal: typeof real.seal = (nonce, ...rest) => {
      expect(nonces.has(nonce.join())).toBe(false);
      nonces.add(nonce.slice().join());
      return real.seal(nonce, ...rest);
    };
    return { tagLength: real.tagLength, seal, open: (...sealed) => real.open(...sealed) };
  };
  const crypto = { ...nodeCrypto, aead };
  // Loss makes both sides repeat their protected flights.
  const network = new VirtualNetwork(5, { loss: 0.3 });
  new TestListener(network, { ...ONLY_13, crypto });
  const client = new TestClient(network, 'client', { ...ONLY_13, crypto });
  network.run(60_000, () => client.connectedAt !== undefined);
  for (let count = 0; count < 50; count++) client.send('again');
  network.run(network.now + 1_000);
  expect([...seen.values()].reduce((sum, nonces) => sum + nonces.size, 0)).toBeGreaterThan(60);
});

describe('each message only in its epoch (CVE-2021-42141, RFC 9147 6.1)', () => {
  type Side = 'client' | 'server';
  const TYPES = Object.entries(HANDSHAKE_TYPE);

  /** The types of message that `to` does not drop at once when they come next in an epoch, in an association that is `at` so many ms. */
  function lookedAt(to: Side, epoch: 0 | 2 | 3, isDone: boolean): string[] {
    return TYPES.flatMap(([name, type]) => {
      const insider = new Insider();
      const network = new VirtualNetwork(1);
      const listener = new TestListener(network, ONLY_13);
      const client = new TestClient(network, 'client', { ...ONLY_13, keyLog: insider.keyLog });
      if (!isDone) client.judge = () => {};
      network.run(900);
      const drops = () => (to === 'client' ? client.engine.drops() : listener.engine.stats().drops).unexpected;
      const before = drops();
      // The server has said five messages, the client a ClientHello and perhaps its Finished.
      const seq = to === 'client' ? 5 : isDone ? 2 : 1;
      const { raw } = handshakeMessage(type, seq, new Uint8Array(0));
      const from = to === 'client' ? 'server' : 'client';
      const record = insider.record(from, epoch, CONTENT_TYPE.handshake, raw);
      network.inject(from === 'client' ? 'client' : SERVER, to === 'client' ? 'client' : SERVER, record);
      network.run(901);
      return drops() > before ? [] : [name];
    });
  }

  const IN_HANDSHAKE = [
    'encryptedExtensions',
    'certificate',
    'certificateRequest',
    'certificateVerify',
    'finished',
    'compressedCertificate',
  ];
  const IN_CLEAR = ['clientHello', 'serverHello', 'helloVerifyRequest'];
  const others = TYPES.map(([name]) => name).filter((name) => ![...IN_HANDSHAKE, ...IN_CLEAR].includes(name));

  describe.each(['client', 'server'] as const)('a %s', (to) => {
    test.each([
      ['in the handshake', false],
      ['after it', true],
    ])('%s looks at no message in the clear, and in epoch 2 at those of the handshake', (_name, isDone) => {
      // A listener takes a ClientHello in the clear for the beginning of another handshake, and answers or drops it as such.
      const inClear =
        to === 'server' ? lookedAt(to, 0, isDone).filter((name) => name !== 'clientHello') : lookedAt(to, 0, isDone);
      expect(inClear).toEqual([]);
      expect(lookedAt(to, 2, isDone).sort()).toEqual([...IN_HANDSHAKE].sort());
    });

    test('in epoch 3 looks at none of those', () => {
      expect(lookedAt(to, 3, true).sort()).toEqual([...others].sort());
    });
  });
});
