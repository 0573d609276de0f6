import { describe, expect, test } from 'vitest';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { ByteWriter, u16List } from '../../src/wire/byte-writer.ts';
import { concatBytes } from '../../src/wire/bytes.ts';
import { writeCertificate } from '../../src/wire/certificate.ts';
import { readClientHello, writeClientHello } from '../../src/wire/client-hello.ts';
import { EXTENSION } from '../../src/wire/extensions.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage, handshakeMessage } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import { readServerHello, type ServerHello, writeServerHello } from '../../src/wire/server-hello.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { patched, plainRecord, rewriteBody, rewriteFlight } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

type Rewrite = (datagram: Uint8Array) => Uint8Array;

/** A handshake in which somebody rewrites everything that one side says. */
function tampered(
  from: 'client' | typeof SERVER,
  rewrite: Rewrite,
  clientCrypto = nodeCrypto,
  serverCrypto = nodeCrypto,
) {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, { crypto: serverCrypto });
  const client = new TestClient(network, 'client', { crypto: clientCrypto });
  network.rewrite = (sent) => (sent.from === from ? rewrite(sent.datagram) : sent.datagram);
  network.run(20_000);
  return { network, listener, client };
}

const serverHello = (change: (hello: ServerHello) => Partial<ServerHello>): Rewrite =>
  rewriteBody('serverHello', (body) => {
    const hello = readServerHello(body);
    return writeServerHello({ ...hello, ...change(hello) });
  });

const serverExtension = (type: number, bytes: Uint8Array | undefined): Rewrite =>
  serverHello(({ extensions }) => {
    const changed = new Map(extensions);
    if (bytes === undefined) changed.delete(type);
    else changed.set(type, bytes);
    return { extensions: changed };
  });

const without = (type: number) => (messages: HandshakeMessage[]) => messages.filter((message) => message.type !== type);

describe('a client refuses what a server must not say', () => {
  test.each<[string, Rewrite, object]>([
    [
      'DTLS 1.0',
      serverHello(() => ({ version: 0xfeff })),
      { reason: 'unsupported-version', alert: ALERT.protocol_version },
    ],
    [
      'a suite that was not offered',
      serverHello(() => ({ cipherSuite: 0xc02d })),
      { reason: 'no-common-cipher-suite' },
    ],
    ['compression (CRIME)', serverHello(() => ({ compressionMethod: 1 })), { reason: 'no-common-cipher-suite' }],
    [
      'no extended master secret',
      serverExtension(EXTENSION.extendedMasterSecret, undefined),
      { reason: 'no-extended-master-secret', alert: ALERT.handshake_failure },
    ],
    [
      'an extended master secret with content',
      serverExtension(EXTENSION.extendedMasterSecret, Uint8Array.of(0)),
      { reason: 'bad-extension' },
    ],
    [
      'an extension that was not offered',
      serverExtension(16, Uint8Array.of(0, 0)),
      { reason: 'unoffered-extension', alert: ALERT.unsupported_extension },
    ],
    ['a renegotiation', serverExtension(EXTENSION.renegotiationInfo, Uint8Array.of(1, 9)), { reason: 'renegotiation' }],
    [
      'no uncompressed points',
      serverExtension(EXTENSION.ecPointFormats, Uint8Array.of(1, 1)),
      { reason: 'bad-extension' },
    ],
    ['no certificate', rewriteBody('certificate', () => writeCertificate([])), { reason: 'no-certificate' }],
    [
      'half a certificate list',
      rewriteBody('certificate', (body) => body.subarray(0, 40)),
      { code: 'ERR_DTLS_MALFORMED', reason: 'truncated' },
    ],
    [
      'a group that was not offered',
      rewriteBody('serverKeyExchange', (body) => patched(body, 2, 24)),
      { reason: 'no-common-group' },
    ],
    [
      'explicit curve parameters',
      rewriteBody('serverKeyExchange', (body) => patched(body, 0, 1)),
      { code: 'ERR_DTLS_MALFORMED', reason: 'bad-value' },
    ],
    [
      'a signature scheme that was not offered',
      rewriteBody('serverKeyExchange', (body) => patched(body, 36, 2)),
      { reason: 'no-common-signature-scheme' },
    ],
    [
      'another key share than the signed one (CVE-2021-34433)',
      rewriteBody('serverKeyExchange', (body) => patched(body, 10, 7)),
      { reason: 'bad-signature', alert: ALERT.decrypt_error },
    ],
    [
      'another random than the signed one',
      serverHello(() => ({ random: new Uint8Array(32) })),
      { reason: 'bad-signature' },
    ],
    [
      'a ServerHelloDone with content',
      rewriteBody('serverHelloDone', () => Uint8Array.of(1)),
      { reason: 'unexpected-message' },
    ],
    [
      'no ServerKeyExchange (CVE-2021-34433)',
      rewriteFlight(without(HANDSHAKE_TYPE.serverKeyExchange)),
      { reason: 'unexpected-message' },
    ],
    ['no Certificate', rewriteFlight(without(HANDSHAKE_TYPE.certificate)), { reason: 'unexpected-message' }],
    [
      'a second ServerHello',
      rewriteFlight((messages) => (messages.length < 4 ? messages : [messages[0]!, ...messages])),
      { reason: 'unexpected-message' },
    ],
  ])('%s', (_name, rewrite, error) => {
    const { client, listener } = tampered(SERVER, rewrite);
    expect(client.closed?.error).toMatchObject(error);
    expect(client.connectedAt).toBeUndefined();
    // The state is freed on every path (CVE-2020-27222, CVE-2022-39368).
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
    expect(client.engine.pollTimeout()).toBeUndefined();
  });

  test('a server that asks for a certificate gets an empty list, and may go on without', () => {
    // The listener never asks, so this ends where the transcripts differ; the flight is what matters here.
    const request = new ByteWriter()
      .vector8(Uint8Array.of(64))
      .vector16(u16List([0x0403]))
      .vector16(new Uint8Array(0))
      .bytes();
    const { network } = tampered(
      SERVER,
      rewriteFlight((messages) =>
        messages.length < 4
          ? messages
          : [...messages.slice(0, 3), handshakeMessage(HANDSHAKE_TYPE.certificateRequest, 0, request), messages[3]!],
      ),
    );
    const flight = network.sent.filter(({ from }) => from === 'client')[2]!.datagram;
    expect(flight[13]).toBe(HANDSHAKE_TYPE.certificate);
    expect([...flight.subarray(25, 28)]).toEqual([0, 0, 0]);
    expect(flight).toHaveLength(125 + 15);
  });
});

const clientExtension = (type: number, bytes: Uint8Array | undefined): Rewrite =>
  rewriteBody('clientHello', (body) => {
    const hello = readClientHello(body);
    const extensions = new Map(hello.extensions);
    if (bytes === undefined) extensions.delete(type);
    else extensions.set(type, bytes);
    return writeClientHello({ ...hello, extensions });
  });

const clientHello = (change: object): Rewrite =>
  rewriteBody('clientHello', (body) => writeClientHello({ ...readClientHello(body), ...change }));

describe('a server refuses what it cannot go on from, and frees what it holds', () => {
  const { handshake_failure, illegal_parameter, decode_error, protocol_version } = ALERT;
  test.each<[string, Rewrite, number]>([
    ['only DTLS 1.0', clientHello({ version: 0xfeff }), protocol_version],
    ['no suite of ours', clientHello({ cipherSuites: [0xc02d, 0x00ff] }), handshake_failure],
    ['only compression', clientHello({ compressionMethods: Uint8Array.of(1) }), handshake_failure],
    ['no extended master secret', clientExtension(EXTENSION.extendedMasterSecret, undefined), handshake_failure],
    ['no signature algorithms', clientExtension(EXTENSION.signatureAlgorithms, undefined), handshake_failure],
    [
      'only other signature algorithms',
      clientExtension(EXTENSION.signatureAlgorithms, Uint8Array.of(0, 2, 4, 1)),
      handshake_failure,
    ],
    ['only other groups', clientExtension(EXTENSION.supportedGroups, Uint8Array.of(0, 2, 0, 24)), handshake_failure],
    ['half a group', clientExtension(EXTENSION.supportedGroups, Uint8Array.of(0, 3, 0, 24, 0)), decode_error],
    ['no uncompressed points', clientExtension(EXTENSION.ecPointFormats, Uint8Array.of(1, 1)), illegal_parameter],
    ['a renegotiation', clientExtension(EXTENSION.renegotiationInfo, Uint8Array.of(1, 9)), handshake_failure],
    [
      'bytes behind the extensions',
      rewriteBody('clientHello', (body) => concatBytes([body, Uint8Array.of(0)])),
      decode_error,
    ],
  ])('%s', (_name, rewrite, alert) => {
    const { client, listener } = tampered('client', rewrite);
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert });
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });

  test.each<[string, Rewrite]>([
    ['no groups: P-256 is taken', clientExtension(EXTENSION.supportedGroups, undefined)],
    ['no point formats', clientExtension(EXTENSION.ecPointFormats, undefined)],
    ['an extension that nobody knows', clientExtension(0x1a1a, Uint8Array.of(1))],
    ['a newer version', clientHello({ version: 0xfefc })],
    [
      'other suites too, and a session to resume',
      clientHello({ cipherSuites: [0x1301, 0xc02b], sessionId: new Uint8Array(32) }),
    ],
  ])('it answers a ClientHello with %s', (_name, rewrite) => {
    const { network } = tampered('client', rewrite);
    const flight = network.sent.find(
      ({ from, datagram }) => from === SERVER && datagram[13] === HANDSHAKE_TYPE.serverHello,
    );
    expect(flight).toBeDefined();
  });

  test('an invalid key share, twice', () => {
    const { client, listener } = tampered(
      'client',
      rewriteBody('clientKeyExchange', () => new Uint8Array([32, ...new Uint8Array(32)])),
    );
    expect(client.closed?.error).toMatchObject({ alert: illegal_parameter });
    expect(listener.engine.stats()).toMatchObject({ handshakes: 0, handshakesFailed: 1 });
  });

  test.each([
    ['an invalid key share', new Uint8Array(32)],
    ['another key share', nodeCrypto.generateKeyAgreement('x25519').publicKey],
  ])('%s, once: the repeated flight completes the handshake', (_name, publicKey) => {
    let count = 0;
    const once = rewriteBody('clientKeyExchange', (body) =>
      ++count === 1 ? new Uint8Array([32, ...publicKey]) : body,
    );
    const { client, listener } = tampered('client', once);
    expect(client.connectedAt).toBeDefined();
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakesFailed: 0 });
  });

  test('another message than the ClientKeyExchange, twice', () => {
    const { client } = tampered(
      'client',
      rewriteFlight((messages) =>
        messages.map((message) =>
          message.type === HANDSHAKE_TYPE.clientKeyExchange
            ? handshakeMessage(HANDSHAKE_TYPE.certificate, 0, writeCertificate([]))
            : message,
        ),
      ),
    );
    expect(client.closed?.error).toMatchObject({ alert: ALERT.unexpected_message });
  });
});

describe('a Finished that does not match', () => {
  /** Everything right but one side's verify_data. */
  function lying(label: string): CryptoProvider {
    return {
      ...nodeCrypto,
      hmac(name, key, data) {
        const result = nodeCrypto.hmac(name, key, data);
        const isLie = new TextDecoder('latin1').decode(data).includes(label);
        return isLie ? result.map((byte) => byte ^ 1) : result;
      },
    };
  }

  test('of the client ends the handshake with decrypt_error', () => {
    const { client, listener } = tampered('client', (datagram) => datagram, lying('client finished'));
    expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: ALERT.decrypt_error });
    expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0 });
  });

  test('of the server ends the handshake with decrypt_error, under protection', () => {
    const { client, listener } = tampered('client', (datagram) => datagram, nodeCrypto, lying('server finished'));
    expect(client.closed?.error).toMatchObject({ reason: 'bad-finished', alert: ALERT.decrypt_error });
    expect(listener.of('closed')).toMatchObject([{ error: { code: 'ERR_DTLS_ALERT', alert: ALERT.decrypt_error } }]);
  });
});

describe('what is damaged once is asked for again', () => {
  test.each<[string, Rewrite]>([
    ['a suite', serverHello(() => ({ cipherSuite: 0xc02c }))],
    ['a certificate', rewriteBody('certificate', (body) => patched(body, 60, body[60]! ^ 1))],
    ['a signature', rewriteBody('serverKeyExchange', (body) => patched(body, -1, body.at(-1)! ^ 1))],
    ['a cookie', rewriteBody('helloVerifyRequest', (body) => patched(body, -1, body.at(-1)! ^ 1))],
    ['a HelloVerifyRequest cut short', rewriteBody('helloVerifyRequest', (body) => body.subarray(0, 10))],
  ])('%s of the server', (_name, rewrite) => {
    let isDone = false;
    const { client } = tampered(SERVER, (datagram) => {
      const changed = isDone ? datagram : rewrite(datagram);
      isDone ||= changed.join() !== datagram.join();
      return changed;
    });
    expect(isDone).toBe(true);
    expect(client.connectedAt).toBeLessThan(5_000);
  });

  test('different damage each time does not end the handshake', () => {
    let count = 0;
    const { client } = tampered(
      SERVER,
      rewriteBody('certificate', (body) => (count < 5 ? patched(body, 60 + count, body[60 + count++]! ^ 1) : body)),
    );
    expect(client.connectedAt).toBeDefined();
  });
});

describe('each message only in its epoch (CVE-2021-42141)', () => {
  test('a Finished without protection is dropped', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    const finished = (seq: number) =>
      plainRecord(CONTENT_TYPE.handshake, handshakeMessage(HANDSHAKE_TYPE.finished, seq, new Uint8Array(12)).raw);
    for (let at = 0; at <= 120; at += 10) {
      for (let seq = 0; seq < 6; seq++) {
        network.inject('client', SERVER, finished(seq));
        network.inject(SERVER, 'client', finished(seq));
      }
      network.run(at);
    }
    network.run(900);
    expect(client.connectedAt).toBe(120);
    expect(listener.engine.stats().drops.unexpected).toBeGreaterThan(0);
  });

  test('no plain message takes the place of the Finished', () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    client.judge = () => {};
    const other = (seq: number) =>
      plainRecord(CONTENT_TYPE.handshake, handshakeMessage(HANDSHAKE_TYPE.serverHelloDone, seq, new Uint8Array(0)).raw);
    for (const at of [70, 90]) {
      network.run(at);
      // The client's key exchange is number 2, the server's flight 1 to 4.
      for (let seq = 3; seq < 8; seq++) network.inject('client', SERVER, other(seq));
      for (let seq = 5; seq < 8; seq++) network.inject(SERVER, 'client', other(seq));
    }
    network.run(95);
    expect(client.engine.drops().unexpected).toBe(3); // none is kept while none is awaited
    client.engine.acceptPeer(listener.identity.key.spki, network.now);
    network.run(900);
    expect(client.connectedAt).toBe(95 + 40);
  });
});

test('a peer that repeats itself makes us repeat a flight ten times at most, beside the timer', () => {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  new TestClient(network, 'client').judge = () => {};
  network.run(70);
  const hello = network.sent[2]!.datagram;
  const before = network.sent.length;
  for (let count = 0; count < 100; count++) network.inject('client', SERVER, hello);
  network.run(200);
  expect(network.sent.length - before).toBe(10);
});

test('the middle of a flight that has no beginning does not end a handshake, however often it comes', () => {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client');
  const { raw } = handshakeMessage(HANDSHAKE_TYPE.certificate, 1, writeCertificate([]));
  network.run(45);
  for (let count = 0; count < 5; count++) network.inject(SERVER, 'client', plainRecord(CONTENT_TYPE.handshake, raw));
  network.run(900);
  expect(client.connectedAt).toBe(120);
});

test('a copy of the key exchange costs no second key agreement', () => {
  let agreements = 0;
  const crypto: CryptoProvider = {
    ...nodeCrypto,
    generateKeyAgreement(group) {
      const agreement = nodeCrypto.generateKeyAgreement(group);
      const agree = (peer: Uint8Array) => {
        agreements += 1;
        return agreement.agree(peer);
      };
      return { ...agreement, agree };
    },
  };
  const network = new VirtualNetwork(1);
  new TestListener(network, { crypto });
  const client = new TestClient(network, 'client');
  network.rewrite = ({ datagram }) =>
    datagram[13] === HANDSHAKE_TYPE.clientKeyExchange ? datagram.subarray(0, 58) : datagram;
  network.run(110);
  const { datagram } = network.sent.find((sent) => sent.datagram[13] === HANDSHAKE_TYPE.clientKeyExchange)!;
  for (let count = 0; count < 50; count++) network.inject('client', SERVER, datagram.subarray(0, 58));
  network.run(120);
  expect(agreements).toBe(1);
  network.inject('client', SERVER, datagram);
  network.run(900);
  expect(client.connectedAt).toBe(120 + 20);
});
