import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../src/node/crypto-provider.ts';
import { readClientHelloFront } from '../src/wire/client-hello.ts';
import {
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE,
  handshakeMessage,
  writeHandshakeHeader,
} from '../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../src/wire/record.ts';
import { Conversation } from './support/conversation.ts';
import { seededBytes } from './support/deterministic-provider.ts';
import { associate, SERVER, TestClient, TestListener } from './support/endpoints.ts';
import { HANDSHAKE_KINDS } from './support/handshake-kinds.ts';
import { newPkcs8 } from './support/private-keys.ts';
import { plainRecord, rewriteBody, rewriteFlight } from './support/rewrite.ts';
import { VirtualNetwork } from './support/virtual-network.ts';
import { WireView } from './support/wire-view.ts';

/**
 * What other implementations were caught at, each as a test of the whole engine. Where a part of it has a test of its own, that
 * one is named after the lesson too (`grep -r CVE- test`); docs/security.md lists all.
 */

/** A fragment of a handshake message in a record of epoch 0. */
function fragment(type: number, messageSeq: number, length: number, offset: number, bytes: Uint8Array): Uint8Array {
  const content = new Uint8Array(HANDSHAKE_HEADER_LENGTH + bytes.length);
  const header = { type, length, messageSeq, offset, fragmentLength: bytes.length };
  content.set(bytes, writeHandshakeHeader(content, 0, header));
  return plainRecord(CONTENT_TYPE.handshake, content);
}

describe('the cookie is checked again on every path back to the start (CVE-2022-34293, CVE-2022-2576)', () => {
  /** A ClientHello whose cookie is wrong or missing, at a moment of the conversation. */
  test.each([
    ['nothing is there', 0],
    ['a handshake waits for the ClientKeyExchange', 70],
    ['an association is there', 900],
  ])('while %s', (_name, at) => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    network.run(at);
    const before = listener.engine.stats();
    const hello = network.sent.find(({ from }) => from === 'client')!.datagram;
    const stranger = hello.slice();
    stranger.set(seededBytes('another random')(32), 27);
    network.inject('client', SERVER, stranger);
    network.run(at + 1);
    expect(listener.engine.stats()).toMatchObject({ peers: before.peers, handshakes: before.handshakes });
    const said = network.sent.filter(({ from }) => from === SERVER).at(-1)!.datagram;
    expect(said[13]).toBe(HANDSHAKE_TYPE.helloVerifyRequest);
    network.run(5_000);
    expect(client.connectedAt).toBeDefined();
  });
});

test('the reader of cookies is bounded by the message (CVE-2022-35409)', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  new TestClient(network, 'client');
  network.run(1);
  const { datagram } = network.sent[0]!;
  const body = datagram.slice(25);
  body[2 + 32 + 1] = 255; // a cookie of 255 bytes that is not there
  for (const bytes of [body, body.subarray(0, 36), body.subarray(0, 40)]) {
    network.inject('stranger', SERVER, fragment(HANDSHAKE_TYPE.clientHello, 0, bytes.length, 0, bytes));
    expect(() => readClientHelloFront(bytes.subarray(0, 100))).toThrow(
      expect.objectContaining({ reason: 'truncated' }),
    );
  }
  network.run(2);
  expect(listener.engine.stats().drops.malformed).toBeGreaterThanOrEqual(2);
  expect(listener.engine.stats().handshakes).toBe(0);
});

test('reassembly is bounded for each association (CVE-2014-3506, CVE-2016-2179, CVE-2022-29189)', () => {
  const network = new VirtualNetwork(1);
  const client = new TestClient(network, 'client', { maxReassemblyBytes: 4_096 });
  network.run(1);
  // Certificates of 4,000 bytes each, of which all but the last byte arrives.
  for (let seq = 1; seq < 200; seq++) {
    const bytes = new Uint8Array(1_000);
    for (const offset of [0, 1_000, 2_000, 2_999]) {
      network.inject(SERVER, 'client', fragment(HANDSHAKE_TYPE.certificate, seq, 4_000, offset, bytes));
    }
  }
  network.run(2);
  expect(client.engine.drops().overflow).toBeGreaterThan(700);
  new TestListener(network);
  network.run(5_000);
  expect(client.connectedAt).toBeDefined();
});

test('fragments without content make no progress and no loop (CVE-2022-29190)', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  const empty = fragment(HANDSHAKE_TYPE.certificate, 0, 100, 0, new Uint8Array(0)).subarray(13);
  const many = Uint8Array.from(Array.from({ length: 100 }, () => [...empty]).flat());
  for (const to of ['client', SERVER]) {
    network.inject(to === SERVER ? 'client' : SERVER, to, plainRecord(CONTENT_TYPE.handshake, many));
  }
  network.run(5_000);
  expect(client.connectedAt).toBe(120);
  expect(listener.engine.stats().peers).toBe(1);
});

test('fragments of one message are never mixed when their lengths or types differ (CVE-2014-0195)', () => {
  const network = new VirtualNetwork(1);
  new TestListener(network, { maxDatagram: 200 });
  const client = new TestClient(network, 'client', { maxDatagram: 200 });
  network.run(70);
  // A short Certificate under the number of the real one, then bytes beyond its end.
  for (const [length, offset, size] of [
    [10, 0, 5],
    [5_000, 100, 50],
  ] as const) {
    network.inject(SERVER, 'client', fragment(HANDSHAKE_TYPE.certificate, 2, length, offset, new Uint8Array(size)));
  }
  network.run(5_000);
  expect(client.connectedAt).toBeDefined();
});

test('a signature scheme counts only for keys of its kind', () => {
  const key = nodeCrypto.importSigningKey(newPkcs8('ed25519'));
  const data = Uint8Array.of(1);
  const signature = key.sign('ed25519', data);
  for (const scheme of nodeCrypto.signatureSchemes) {
    expect(nodeCrypto.verify(scheme, key.spki, data, signature), scheme).toBe(scheme === 'ed25519');
  }
});

test("the signature of the server's key exchange is mandatory (CVE-2021-34433)", () => {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client', { handshakeTimeout: 10_000 });
  const without = rewriteBody('serverKeyExchange', (body) => {
    const params = body.subarray(0, 4 + body[3]!);
    return Uint8Array.from([...params, 4, 3, 0, 0]);
  });
  network.rewrite = ({ from, datagram }) => (from === SERVER ? without(datagram) : datagram);
  network.run(20_000);
  expect(client.events).not.toContain('connected');
  expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_PEER', reason: 'bad-signature' });
});

test('no message of a flight can be left out (CVE-2022-29222)', () => {
  for (let left = 0; left < 4; left++) {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client', { handshakeTimeout: 10_000 });
    const without = rewriteFlight((messages) => messages.filter((_message, index) => index !== left));
    network.rewrite = ({ from, datagram }) => (from === SERVER && datagram.length > 400 ? without(datagram) : datagram);
    network.run(100_000);
    expect(client.events).not.toContain('connected');
    expect(listener.engine.stats()).toMatchObject({ connected: 0, handshakes: 0 });
  }
});

test('state is freed on every path on which a handshake fails (CVE-2020-27222, CVE-2022-39368)', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, { handshakeTimeout: 5_000 });
  const ends: readonly ((client: TestClient) => void)[] = [
    (client) => network.remove(client.address), // it vanishes
    (client) => client.engine.close(),
    (client) => client.engine.rejectPeer(42, network.now),
    () => network.inject('client 3', SERVER, plainRecord(CONTENT_TYPE.alert, Uint8Array.of(2, 40))),
    () => {
      const { raw } = handshakeMessage(HANDSHAKE_TYPE.clientKeyExchange, 2, Uint8Array.of(1, 0));
      for (let time = 0; time < 2; time++) network.inject('client 4', SERVER, plainRecord(CONTENT_TYPE.handshake, raw));
    },
  ];
  ends.forEach((end, index) => {
    const client = new TestClient(network, `client ${index}`, { handshakeTimeout: 4_000 });
    client.judge = () => end(client);
  });
  network.run(100_000);
  expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: ends.length });
  expect(listener.engine.pollTimeout()).toBeUndefined();
});

test('the replay window is checked, then the record is opened, then the window moves (CVE-2016-2181, CVE-2021-42142)', () => {
  const { network, listener, client } = associate();
  const far = new Uint8Array(13 + 32);
  far.set([CONTENT_TYPE.applicationData, 0xfe, 0xfd, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 32]);
  for (let time = 0; time < 3; time++) network.inject('client', SERVER, far);
  network.run(901);
  expect(listener.engine.stats().drops).toMatchObject({ unauthenticated: 3, replayed: 0 });
  client.send('not pushed out of the window');
  network.run(1_000);
  expect(listener.received).toEqual(['not pushed out of the window']);
});

test('application data without protection is dropped in every state (CVE-2020-24585)', () => {
  for (const at of [0, 30, 70, 90, 900]) {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    network.run(at);
    const plain = plainRecord(CONTENT_TYPE.applicationData, new TextEncoder().encode('forged'));
    network.inject('client', SERVER, plain);
    network.inject(SERVER, 'client', plain);
    network.run(5_000);
    expect([...listener.received, ...client.received]).toEqual([]);
    expect(client.connectedAt).toBe(120);
  }
});

test('keys come from the key exchange alone, however early a ChangeCipherSpec arrives (CVE-2014-0224)', () => {
  for (const at of [0, 30, 50, 70, 90]) {
    const network = new VirtualNetwork(1);
    new TestListener(network);
    const client = new TestClient(network, 'client');
    network.run(at);
    const early = plainRecord(CONTENT_TYPE.changeCipherSpec, Uint8Array.of(1));
    network.inject('client', SERVER, early);
    network.inject(SERVER, 'client', early);
    network.run(5_000);
    expect(client.connectedAt).toBe(120);
  }
});

test('no nonce comes twice under one key', () => {
  const seen = new Map<string, Set<string>>();
  const aead: typeof nodeCrypto.aead = (name, key) => {
    const nonces = seen.get(key.join()) ?? new Set<string>();
    seen.set(key.join(), nonces);
    const real = nodeCrypto.aead(name, key);
    const seal: typeof real.seal = (nonce, ...rest) => {
      expect(nonces.has(nonce.join())).toBe(false);
      nonces.add(nonce.join());
      return real.seal(nonce, ...rest);
    };
    return { tagLength: real.tagLength, seal, open: (...sealed) => real.open(...sealed) };
  };
  const crypto = { ...nodeCrypto, aead };
  // Loss makes both sides repeat their protected flights.
  const network = new VirtualNetwork(5, { loss: 0.3 });
  new TestListener(network, { crypto });
  const client = new TestClient(network, 'client', { crypto });
  network.run(60_000, () => client.connectedAt !== undefined);
  for (let count = 0; count < 50; count++) client.send('again');
  network.run(network.now + 1_000);
  expect([...seen.values()].reduce((sum, nonces) => sum + nonces.size, 0)).toBeGreaterThan(60);
});

test('renegotiation is refused: a ClientHello under protection changes nothing', () => {
  const [kind] = HANDSHAKE_KINDS;
  const conversation: Conversation = new Conversation(kind!, (datagram, from) => {
    view.open(datagram, from);
    return [datagram];
  });
  const view = new WireView(conversation.crypto, conversation.keyLog.client);
  conversation.run(() => conversation.isConnected);
  const { raw } = handshakeMessage(HANDSHAKE_TYPE.clientHello, 4, new Uint8Array(60));
  const header = { type: CONTENT_TYPE.handshake, epoch: 1, sequence: 30 };
  conversation.deliver('server', view.seal('client', header, raw));
  expect(conversation.listener.stats()).toMatchObject({ peers: 1, handshakes: 0, drops: { unexpected: 1 } });
  expect(conversation.echoes()).toBe(true);
});
