import { describe, expect, test } from 'vitest';
import { DtlsClient } from '../../src/client.ts';
import { DtlsRefusedError } from '../../src/errors.ts';
import { DtlsListener } from '../../src/listener/listener.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { readClientHello } from '../../src/wire/client-hello.ts';
import { HANDSHAKE_TYPE, handshakeMessage } from '../../src/wire/handshake-message.ts';
import { writeHelloVerifyRequest } from '../../src/wire/hello-verify-request.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import { deterministicCrypto, seededBytes } from '../support/deterministic-provider.ts';
import { identity, SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { plainRecord } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

function connect(options: ConstructorParameters<typeof TestClient>[2] = {}, listenerOptions = {}) {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, listenerOptions);
  const client = new TestClient(network, 'client', options);
  network.run(900);
  return { network, listener, client };
}

test('a client and a listener shake hands in three round trips and exchange data', () => {
  const { network, listener, client } = connect();
  expect(client.connectedAt).toBe(120); // six flights of 20 ms
  client.send('hello');
  network.run(2_000);
  expect(listener.received).toEqual(['hello']);
  expect(client.received).toEqual(['hello']);
  expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakes: 0, connected: 1, handshakesFailed: 0 });
});

test('no datagram is sent twice when none is lost, and nothing is dropped', () => {
  const { network, listener, client } = connect();
  network.run(1_000_000);
  expect(network.sent).toHaveLength(6);
  for (const drops of [client.engine.drops(), listener.engine.stats().drops]) {
    expect(Object.values(drops).reduce((sum, count) => sum + count)).toBe(0);
  }
});

test.each(['x25519', 'secp256r1'] as const)('the key agreement is %s when it is the only one offered', (group) => {
  const asked: string[] = [];
  const generateKeyAgreement: typeof nodeCrypto.generateKeyAgreement = (name) => {
    asked.push(name);
    return nodeCrypto.generateKeyAgreement(name);
  };
  const { client } = connect({ groups: [group], crypto: { ...nodeCrypto, generateKeyAgreement } });
  expect(client.connectedAt).toBeDefined();
  expect(asked).toEqual([group]);
});

test('without a group in common the handshake ends in handshake_failure', () => {
  const { client, listener } = connect({ groups: ['x25519'] }, { groups: ['secp256r1'] });
  expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_ALERT', alert: 40, alertName: 'handshake_failure' });
  expect(listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
});

test('both sides write the same key log line, once', () => {
  const lines: string[] = [];
  const keyLog = (line: string) => lines.push(line);
  connect({ keyLog }, { keyLog });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$/);
  expect(lines[1]).toBe(lines[0]);
});

describe('data before the handshake is done', () => {
  test("leaves after the server's Finished, not before (no False Start)", () => {
    const network = new VirtualNetwork(1);
    const listener = new TestListener(network);
    const client = new TestClient(network, 'client');
    const bytes = new TextEncoder().encode('early');
    client.engine.send(bytes);
    bytes.fill(0); // it has been copied
    network.run(5_000);
    expect(listener.received).toEqual(['early']);
    const data = network.sent.filter(({ datagram }) => datagram[0] === 23);
    expect(data[0]?.at).toBe(client.connectedAt);
  });

  test('waits up to a bound, then `send` throws', () => {
    const client = new TestClient(new VirtualNetwork(1), 'client');
    for (let sent = 0; sent < 64; sent++) client.engine.send(new Uint8Array(1_024));
    expect(() => client.engine.send(new Uint8Array(1))).toThrow(expect.objectContaining({ reason: 'queue-full' }));
  });
});

test('data that overtakes the last flight waits for it', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  let lost = 0;
  network.filter = ({ datagram }) => datagram.length === 67 && ++lost === 1;
  network.run(900, () => listener.peer !== undefined);
  listener.engine.send(listener.peer!, new TextEncoder().encode('fast'));
  network.run(900);
  expect(client.events).toEqual(['peerCertificate']);
  network.run(2_000);
  expect(client.events).toEqual(['peerCertificate', 'connected', 'data']);
  expect(client.received).toEqual(['fast']);
});

test('a flight that comes again brings ours again, before any timer', () => {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client');
  let lost = 0;
  network.filter = ({ at, datagram }) => at === 80 && datagram.length === 125 && ++lost === 1;
  network.run(200);
  expect(lost).toBe(1);
  network.inject(SERVER, 'client', network.sent.find(({ datagram }) => datagram.length > 500)!.datagram);
  network.run(900);
  expect(client.connectedAt).toBe(200 + 40);
});

test('a rejected flight is asked for by the timer too', () => {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client');
  client.judge = (_chain, now) => client.engine.rejectPeer(42, now);
  network.filter = ({ from, at }) => from === 'client' && at >= 80;
  network.run(90);
  expect(client.events).toEqual(['peerCertificate']);
  expect(client.engine.pollTimeout()).toBe(80 + 1_000);
});

describe('cookies of other servers', () => {
  const request = (messageSeq: number, cookie: number[]) => {
    const body = writeHelloVerifyRequest(Uint8Array.from(cookie));
    return plainRecord(
      CONTENT_TYPE.handshake,
      handshakeMessage(HANDSHAKE_TYPE.helloVerifyRequest, messageSeq, body).raw,
    );
  };
  /** message_seq and cookie of each ClientHello so far. */
  const hellos = (network: VirtualNetwork) =>
    network.sent.map(({ datagram }) => [datagram[18], [...readClientHello(datagram.subarray(25)).cookie]]);

  test('each new one is answered, eight in a handshake', () => {
    const network = new VirtualNetwork(1);
    const client = new TestClient(network, 'client');
    for (let seq = 0; seq < 20; seq++) {
      network.inject(SERVER, 'client', request(seq, [seq]));
      network.run(seq + 1);
    }
    expect(client.closed).toBeUndefined();
    expect(hellos(network)).toEqual([[0, []], ...Array.from({ length: 8 }, (_, seq) => [seq + 1, [seq]])]);
  });

  test('another one with message_seq 0 counts only when the last one has brought nothing', () => {
    const network = new VirtualNetwork(1);
    new TestClient(network, 'client');
    for (const [at, cookie] of [
      [1, [1]],
      [2, [2]],
      [1_500, [2]],
    ] as const) {
      network.run(at);
      network.inject(SERVER, 'client', request(0, [...cookie]));
    }
    network.run(1_600);
    expect(hellos(network)).toEqual([
      [0, []],
      [1, [1]],
      [1, [1]],
      [1, [2]],
    ]);
  });

  test('one that belongs to a damaged copy of the ClientHello changes nothing', () => {
    const network = new VirtualNetwork(1);
    new TestListener(network);
    const client = new TestClient(network, 'client');
    network.run(50);
    network.inject(SERVER, 'client', request(0, [9]));
    network.run(900);
    expect(client.connectedAt).toBe(120);
  });
});

test('a lost last flight is sent again when the client repeats its own', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  let lost = 0;
  network.filter = ({ from, datagram }) => from === SERVER && datagram.length === 67 && ++lost <= 2;
  network.run(10_000, () => client.connectedAt !== undefined);
  expect(lost).toBe(3);
  expect(client.connectedAt).toBe(80 + 1_000 + 2_000 + 40); // after the second repetition
  expect(listener.of('connected')).toHaveLength(1);
});

test('flights are repeated after 1, 2, 4 … seconds, at most 60, until the handshake times out', () => {
  const network = new VirtualNetwork(1);
  const client = new TestClient(network, 'client', { handshakeTimeout: 250_000 });
  network.run(1_000_000);
  expect(network.sent.map(({ at }) => at / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_TIMEOUT', reason: 'handshake' });
  expect(client.engine.pollTimeout()).toBeUndefined();
});

test('a certificate may be judged later: meanwhile nothing is sent and the time-out still counts', () => {
  const network = new VirtualNetwork(1);
  new TestListener(network);
  const client = new TestClient(network, 'client', { handshakeTimeout: 30_000 });
  let questions = 0;
  client.judge = () => {
    questions += 1;
  };
  network.run(20_000);
  expect(network.sent.filter(({ from }) => from === 'client')).toHaveLength(2);
  expect(questions).toBe(1);
  client.engine.acceptPeer(identity.key.spki, network.now);
  network.run(29_000);
  expect(client.connectedAt).toBeGreaterThanOrEqual(20_000);
  expect(() => client.engine.acceptPeer(identity.key.spki, network.now)).toThrow(DtlsRefusedError);
});

test('a rejected certificate is asked for once more; when it is the same, the handshake ends', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  client.judge = (_chain, now) => client.engine.rejectPeer(48, now);
  network.run(5_000);
  expect(client.events).toEqual(['peerCertificate', 'closed']);
  expect(client.closed?.error).toMatchObject({ code: 'ERR_DTLS_CERTIFICATE', alert: 48 });
  expect(listener.engine.stats()).toMatchObject({ handshakes: 0, handshakesFailed: 1 });
  expect(() => client.engine.rejectPeer(48, network.now)).toThrow(expect.objectContaining({ reason: 'no-question' }));
});

test('a client that closes during the handshake frees the server', () => {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network);
  const client = new TestClient(network, 'client');
  client.judge = () => client.engine.close();
  network.run(5_000);
  expect(client.closed).toEqual({ error: undefined });
  expect(listener.engine.stats()).toMatchObject({ handshakes: 0, handshakesFailed: 1 });
});

test('the deterministic provider makes the same conversation twice', () => {
  const run = () => {
    const network = new VirtualNetwork(1);
    const crypto = deterministicCrypto('twice');
    const fixture = fixtureIdentity('server', crypto.importSigningKey);
    new TestListener(network, { crypto, identity: fixture });
    new TestClient(network, 'client', { crypto }, fixture);
    network.run(900);
    return network.sent;
  };
  expect(run()).toEqual(run());
});

describe('options', () => {
  const base = { crypto: nodeCrypto, randomBytes: seededBytes('options') };
  const refusal = expect.objectContaining({ code: 'ERR_DTLS_REFUSED', reason: 'bad-option' });

  test.each([
    { maxDatagram: 63 },
    { maxDatagram: 65_508 },
    { maxDatagram: 1.5 },
    { handshakeTimeout: 0 },
    { handshakeTimeout: Number.NaN },
    { maxReassemblyBytes: 100 },
    { groups: [] },
  ])('a client refuses %j', (options) => {
    expect(() => new DtlsClient({ ...base, path: SERVER, ...options }, 0)).toThrow(refusal);
  });

  test.each([{ maxPeers: 0 }, { maxHandshakes: 0 }, { idleTimeout: -1 }, { versions: [] }])(
    'a listener refuses %j',
    (options) => {
      expect(() => new DtlsListener({ ...base, identity, ...options })).toThrow(refusal);
    },
  );

  test('a listener refuses an identity without a certificate, or with a key that cannot sign', () => {
    const { chain, key } = identity;
    for (const wrong of [
      { chain: [], key },
      { chain, key: { ...key, schemes: [] } },
    ]) {
      expect(() => new DtlsListener({ ...base, identity: wrong })).toThrow(refusal);
    }
  });

  test('data beyond `maxPayload` is refused at once, data of its size fits', () => {
    const { client, listener, network } = connect({ maxDatagram: 200 }, { maxDatagram: 200 });
    expect(client.engine.maxPayload).toBe(171);
    expect(() => client.engine.send(new Uint8Array(172))).toThrow(expect.objectContaining({ reason: 'too-large' }));
    client.engine.send(new Uint8Array(171));
    network.run(2_000);
    expect(listener.received[0]).toHaveLength(171);
    expect(Math.max(...network.sent.map(({ datagram }) => datagram.length))).toBe(200);
  });
});
