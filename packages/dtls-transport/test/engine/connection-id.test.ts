import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { ConnectionIdOptions, DtlsVersionNumber } from '../../src/engine-options.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ReadEpoch13 } from '../../src/record/read-epoch-13.ts';
import { recordKeys13 } from '../../src/record/record-keys-13.ts';
import { WriteEpoch13 } from '../../src/record/write-epoch-13.ts';
import { readNewConnectionId, writeNewConnectionId } from '../../src/wire/connection-id.ts';
import { HANDSHAKE_TYPE, handshakeMessage, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import { readUnifiedHeader } from '../../src/wire/unified-header.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { type Sent, VirtualNetwork } from '../support/virtual-network.ts';

const SENDS: ConnectionIdOptions = { length: 0 };
const GIVES: ConnectionIdOptions = { length: 4 };
const WITHOUT_RRC = { returnRoutability: false } as const;

interface Pair {
  readonly network: VirtualNetwork;
  readonly client: TestClient;
  readonly listener: TestListener;
}

/** A client and a listener with an association. */
function pair(
  version: DtlsVersionNumber,
  client: Partial<DtlsClientOptions> = {},
  listener: Partial<DtlsListenerOptions> = {},
): Pair {
  const network = new VirtualNetwork(0);
  const server = new TestListener(network, { versions: [version], connectionId: GIVES, ...listener });
  const ours = new TestClient(network, 'client', { versions: [version], connectionId: SENDS, ...client });
  network.run(1_000);
  expect(ours.connectedAt).toBeDefined();
  return { network, client: ours, listener: server };
}

function expectEcho({ network, client, listener }: Pair, text: string): void {
  client.send(text);
  network.run(network.now + 100);
  expect(listener.received.at(-1)).toBe(text);
  expect(client.received.at(-1)).toBe(text);
}

const sentTo = ({ network }: Pair, to: string): Sent[] => network.sent.filter((sent) => sent.to === to);
const bytes = (sent: readonly Sent[]): number => sent.reduce((sum, { datagram }) => sum + datagram.length, 0);

describe.each(['1.3', '1.2'] as const)('connection ids in DTLS %s', (version) => {
  test('each datagram of the client has the id that the listener gave it, at a cost that is exact', () => {
    const without = pair(version, {}, { connectionId: undefined });
    const both = pair(version);
    for (const one of [without, both]) expectEcho(one, 'x'.repeat(100));
    const [plain, named] = [without, both].map(({ network }) =>
      network.sent.slice(-2).map((sent) => sent.datagram.length),
    );
    // RFC 9146 4: in 1.2 the type moves into what is encrypted, and stands in the header too.
    expect(named).toEqual([plain![0]! + (version === '1.3' ? 4 : 5), plain![1]]);
    expect(both.client.engine.maxPayload).toBe(without.client.engine.maxPayload - (version === '1.3' ? 4 : 5));
    both.client.send('y'.repeat(both.client.engine.maxPayload));
    both.network.run(both.network.now + 100);
    // In 1.3 most numbers have 8 bits, and some 16.
    expect(both.network.sent.at(-2)!.datagram).toHaveLength(version === '1.3' ? 1_231 : 1_232);
  });

  test.each([
    [4, 0],
    [0, 4],
    [20, 7],
    [0, 0],
  ])('the listener wants %i bytes, the client %i', (listener, client) => {
    expectEcho(pair(version, { connectionId: { length: client } }, { connectionId: { length: listener } }), 'x');
  });

  test('not used when one side does without', () => {
    expectEcho(pair(version, { connectionId: undefined }), 'x');
    expectEcho(pair(version, {}, { connectionId: undefined }), 'x');
  });

  test('an association goes on from another address, which the listener checks at once', () => {
    const both = pair(version);
    expectEcho(both, 'before');
    both.network.move('client', 'elsewhere');
    expectEcho(both, 'after');
    expect(both.listener.of('moved')).toEqual([{ type: 'moved', peer: both.listener.peer, path: 'elsewhere' }]);
    expect(both.listener.engine.stats()).toMatchObject({ peers: 1, connected: 1 });
    expect(both.client.engine.drops()).toEqual(expect.objectContaining({ unexpected: 0, malformed: 0 }));
    both.network.run(both.network.now + 60_000);
    // The echo and one challenge, which in 1.3 go together.
    expect(sentTo(both, 'elsewhere')).toHaveLength(version === '1.3' ? 1 : 2);
  });

  test('the address changes before each datagram', () => {
    const both = pair(version);
    let address = 'client';
    for (let step = 0; step < 20; step++) {
      both.network.move(address, `client ${step}`);
      address = `client ${step}`;
      expectEcho(both, `step ${step}`);
    }
    expect(both.listener.of('moved')).toHaveLength(20);
    expect(both.listener.engine.stats().peers).toBe(1);
  });

  test('without return routability checks too, but the new address gets three times what came from it at most', () => {
    const both = pair(version, { connectionId: { ...SENDS, ...WITHOUT_RRC } });
    both.network.move('client', 'elsewhere');
    expectEcho(both, 'after');
    expect(both.listener.of('moved')).toEqual([]);
    for (let more = 0; more < 10; more++) both.listener.engine.send(both.listener.peer!, new Uint8Array(1_000));
    both.network.run(both.network.now + 60_000);
    const from = both.network.sent.filter((sent) => sent.from === 'elsewhere');
    expect(bytes(sentTo(both, 'elsewhere'))).toBeLessThanOrEqual(3 * bytes(from));
    // Back where it was seen to receive, all that waits goes out.
    both.network.move('elsewhere', 'client');
    both.client.send('back');
    both.network.run(both.network.now + 1_000);
    expect(both.client.received.filter((text) => text.length === 1_000)).toHaveLength(10);
  });

  test('what has to wait for leave to send is bounded', () => {
    const both = pair(version, { connectionId: { ...SENDS, ...WITHOUT_RRC } });
    both.network.move('client', 'elsewhere');
    expectEcho(both, 'after');
    for (let more = 0; more < 40; more++) both.listener.engine.send(both.listener.peer!, new Uint8Array(1_000));
    expect(both.listener.engine.stats().drops.overflow).toBe(8);
  });

  test('lesson: an old record from another address moves nothing', () => {
    const both = pair(version);
    both.client.send('held back');
    both.network.filter = ({ from }) => from === 'client';
    both.network.run(both.network.now + 50);
    const held = both.network.sent.at(-1)!;
    both.network.filter = () => false;
    expectEcho(both, 'newer');
    both.network.inject('attacker', SERVER, held.datagram);
    both.network.run(both.network.now + 100);
    // It is authentic, so it is data; its answer goes where the newest came from.
    expect(both.listener.received.at(-1)).toBe('held back');
    expect(both.client.received.at(-1)).toBe('held back');
    expect(sentTo(both, 'attacker')).toEqual([]);
    // And what was taken already is not even data.
    both.network.inject('attacker', SERVER, held.datagram);
    both.network.run(both.network.now + 100);
    expect(both.listener.engine.stats().drops.replayed).toBe(1);
    expect(sentTo(both, 'attacker')).toEqual([]);
  });

  test('lesson: whoever is faster with the newest record gets three times its length, and the client back its association', () => {
    const both = pair(version);
    both.network.filter = ({ from }) => from === 'client';
    both.client.send('raced');
    both.network.run(both.network.now + 10);
    const raced = both.network.sent.at(-1)!;
    both.network.inject('victim', SERVER, raced.datagram);
    both.network.run(both.network.now + 10);
    for (let more = 0; more < 10; more++) both.listener.engine.send(both.listener.peer!, new Uint8Array(1_000));
    both.network.filter = () => false;
    both.network.run(both.network.now + 6_000);
    expect(bytes(sentTo(both, 'victim'))).toBeLessThanOrEqual(3 * raced.datagram.length);
    expect(both.listener.of('moved')).toEqual([]);
    // Nobody there has answered the challenges: what waits goes to the client.
    both.network.run(both.network.now + 2_000);
    expect(both.client.received.filter((text) => text.length === 1_000)).toHaveLength(10);
    expectEcho(both, 'still here');
  });

  test('the answer to a challenge counts only from the address that was challenged', () => {
    const both = pair(version);
    both.network.move('client', 'elsewhere');
    both.client.send('x');
    both.network.run(both.network.now + 45); // the challenge has arrived, its answer is on the way
    const answer = both.network.sent.filter(({ from }) => from === 'elsewhere').at(-1)!;
    both.network.inject('third', SERVER, answer.datagram);
    both.network.run(both.network.now + 100);
    expect(both.listener.of('moved').map(({ path }) => path)).not.toContain('third');
    expectEcho(both, 'y');
  });

  test('CVE-2022-46393: once agreed on, an id is required, and it has to be the right one', () => {
    const both = pair(version);
    const other = new TestClient(both.network, 'other', { versions: [version], connectionId: SENDS });
    both.network.run(both.network.now + 1_000);
    const [received, drops] = [both.listener.received.length, both.listener.engine.stats().drops];
    both.network.rewrite = ({ datagram, from }) => {
      if (from !== 'client') return datagram;
      const at = version === '1.3' ? 1 : 11;
      const plain = Uint8Array.from([...datagram.subarray(0, at), ...datagram.subarray(at + 4)]);
      plain[0] = version === '1.3' ? datagram[0]! & ~0x10 : 23;
      return plain;
    };
    both.client.send('without');
    both.network.run(both.network.now + 100);
    expect(both.listener.received).toHaveLength(received);
    expect(both.listener.engine.stats().drops.unexpected).toBe(drops.unexpected + 1);
    // With the id of another association it is one more record that nobody can read.
    other.send('x');
    both.network.run(both.network.now + 100);
    const theirs = both.network.sent.filter(({ from }) => from === 'other').at(-1)!.datagram;
    both.network.rewrite = ({ datagram, from }) => {
      if (from !== 'client') return datagram;
      const at = version === '1.3' ? 1 : 11;
      const renamed = datagram.slice();
      renamed.set(theirs.subarray(at, at + 4), at);
      return renamed;
    };
    both.client.send('misnamed');
    both.network.run(both.network.now + 100);
    expect(both.listener.received.at(-1)).toBe('x');
    expect(both.listener.engine.stats().drops.unauthenticated).toBe(drops.unauthenticated + 1);
  });

  test('an id of nobody gets a short alert, and one is never given out twice', () => {
    const numbers = [1, 1, 1, 2, 3];
    const randomBytes = (length: number) => new Uint8Array(length).fill(length === 4 ? numbers.shift()! : 7);
    const both = pair(version, {}, { randomBytes });
    const second = new TestClient(both.network, 'second', { versions: [version], connectionId: SENDS });
    both.network.run(both.network.now + 1_000);
    second.send('second');
    both.network.run(both.network.now + 100);
    expect(second.received).toEqual(['second']);
    expect(numbers).toEqual([3]);
    const { datagram } = both.network.sent.filter(({ from }) => from === 'second').at(-1)!;
    const stranger = datagram.slice();
    stranger.set([9, 9, 9, 9], version === '1.3' ? 1 : 11);
    both.network.inject('stranger', SERVER, stranger);
    both.network.run(both.network.now + 100);
    expect(both.listener.engine.stats().drops.unknown).toBe(1);
    expect(sentTo(both, 'stranger').map((sent) => sent.datagram.length)).toEqual([15]);
  });

  test('two clients at one address, one after the other: neither loses its association', () => {
    const both = pair(version);
    both.network.move('client', 'elsewhere');
    expectEcho(both, 'moved');
    const second = new TestClient(both.network, 'client', { versions: [version], connectionId: SENDS });
    both.network.run(both.network.now + 1_000);
    both.network.move('client', 'third');
    both.network.move('elsewhere', 'client');
    expectEcho(both, 'back');
    second.send('second');
    both.network.run(both.network.now + 100);
    expect(second.received).toEqual(['second']);
    expect(both.listener.engine.stats().peers).toBe(2);
  });

  test('nothing is kept of an association that has ended', () => {
    const both = pair(version);
    both.network.move('client', 'elsewhere');
    expectEcho(both, 'moved');
    both.client.engine.close();
    both.network.run(both.network.now + 100);
    expect(both.listener.engine.stats().peers).toBe(0);
    expect(both.listener.of('closed')).toHaveLength(1);
    expect(both.listener.engine.pollTimeout()).toBeUndefined();
  });

  test('a client that offers both versions', () => {
    const both = pair(version, { versions: ['1.3', '1.2'], connectionId: { length: 5 } });
    expect(both.listener.of('connected')[0]).toMatchObject({ version: `DTLS ${version}` });
    expectEcho(both, 'x');
    both.network.move('client', 'elsewhere');
    expectEcho(both, 'y');
  });
});

test.each([1, 3, 21, 256, -1, 4.5])('%d bytes are refused', (length) => {
  const network = new VirtualNetwork(0);
  expect(() => new TestListener(network, { connectionId: { length } })).toThrow('connectionId.length');
});

describe('bytes of a first message: raw key, X25519, Ed25519, a request of 100 bytes, an answer of 60', () => {
  const key = fixtureIdentity('ed25519', nodeCrypto.importSigningKey).key;
  const crypto = { ...nodeCrypto, signatureSchemes: ['ed25519'] } as const;

  /** UDP payload: four datagrams to the first answer, then two for each that follows. */
  function firstMessage(connectionId: ConnectionIdOptions | undefined): readonly [first: number, later: number] {
    const network = new VirtualNetwork(0);
    const common = { versions: ['1.3'], cipherSuites: ['TLS_AES_128_GCM_SHA256'], groups: ['x25519'] } as const;
    const listener = new TestListener(network, { ...common, identity: undefined, rawKey: key, connectionId: GIVES });
    const client = new TestClient(network, 'client', {
      ...{ ...common, crypto, connectionId, certificateTypes: ['raw-public-key'], serverName: undefined },
    });
    client.judgeRawKey = (spki, now) => client.engine.acceptPeer(spki, now);
    const { engine } = listener;
    const send = engine.send.bind(engine);
    engine.send = (peer) => send(peer, new Uint8Array(60));
    client.send('x'.repeat(100));
    network.run(1_000, () => client.received.length > 0);
    expect(network.sent).toHaveLength(4);
    const first = bytes(network.sent);
    client.send('x'.repeat(100));
    network.run(2_000, () => client.received.length > 1);
    expect(network.sent).toHaveLength(6);
    return [first, bytes(network.sent) - first];
  }

  test('without connection ids: 780, then 198', () => expect(firstMessage(undefined)).toEqual([780, 198]));
  test('4 up, 0 down: 802, then 202', () => {
    expect(firstMessage({ ...SENDS, ...WITHOUT_RRC })).toEqual([802, 202]);
  });
  test('with return routability checks 8 more, once', () => expect(firstMessage(SENDS)).toEqual([810, 202]));
});

describe('NewConnectionId and RequestConnectionId (RFC 9147 9)', () => {
  /** A client and what speaks in its name: it has the client's keys. */
  function impersonated(client: Partial<DtlsClientOptions> = {}, listener: Partial<DtlsListenerOptions> = {}) {
    const secrets = new Map<string, Uint8Array>();
    const keyLog = (line: string) => {
      const [label, , secret] = line.split(' ');
      secrets.set(label!, Uint8Array.from(Buffer.from(secret!, 'hex')));
    };
    const both = pair('1.3', { keyLog, ...client }, listener);
    expectEcho(both, 'x');
    const suite = { aead: 'aes-128-gcm', hash: 'sha256' } as const;
    const keys = (side: string) => recordKeys13(nodeCrypto, suite, secrets.get(`${side}_TRAFFIC_SECRET_0`)!);
    const named = both.network.sent.filter(({ from }) => from === 'client').at(-1)!.datagram;
    const own = both.client.engine.maxPayload === 1_212 ? new Uint8Array(0) : named.slice(1, 5);
    const writer = new WriteEpoch13(3, keys('CLIENT'), 40, { sent: own });
    const idLength = client.connectionId?.length ?? 0;
    const say = (type: number, content: Uint8Array, from = 'client', id = own) => {
      const out = new Uint8Array(200);
      const speaker = id === own ? writer : new WriteEpoch13(3, keys('CLIENT'), 60, { sent: id });
      both.network.inject(from, SERVER, out.slice(0, speaker.write(type, content, out, 0, true)));
      both.network.run(both.network.now + 10);
    };
    let messageSeq = 2; // after ClientHello and Finished
    const handshake = (type: number, body: Uint8Array) => say(22, handshakeMessage(type, messageSeq++, body).raw);
    /** What the listener has said last. */
    const heard = () => {
      const { datagram } = both.network.sent.filter(({ from }) => from === SERVER).at(-1)!;
      const reader = new ReadEpoch13(3, keys('SERVER'));
      const header = readUnifiedHeader(datagram, 0, idLength);
      return { header, record: header && reader.open(header, datagram) };
    };
    return { both, say, handshake, heard };
  }

  test('who asks for ids gets them, at most three beside the first, and each is good', () => {
    const { both, say, handshake, heard } = impersonated();
    both.network.filter = ({ from }) => from === 'client';
    handshake(HANDSHAKE_TYPE.requestConnectionId, Uint8Array.of(200));
    const reader = heard();
    if (typeof reader.record !== 'object') throw new Error(`${reader.record}`);
    const fragment = readHandshakeFragment(reader.record.content, 0)!;
    expect(fragment.type).toBe(HANDSHAKE_TYPE.newConnectionId);
    const { ids, isImmediate } = readNewConnectionId(fragment.bytes);
    expect(isImmediate).toBe(false);
    expect(ids).toHaveLength(3);
    say(23, new TextEncoder().encode('by a spare id'), 'client', ids[1]!.slice());
    expect(both.listener.received.at(-1)).toBe('by a spare id');
    // The message is repeated, after one second and then after two, until it is acknowledged.
    const count = () => both.network.sent.filter(({ from }) => from === SERVER).length;
    const before = count();
    both.network.run(both.network.now + 2_000);
    expect(count() - before).toBe(1);
    both.network.filter = () => false;
    both.network.run(both.network.now + 60_000);
    expect(count() - before).toBe(2);
  });

  test.each([
    [
      'an id asked for where none is given out',
      HANDSHAKE_TYPE.requestConnectionId,
      Uint8Array.of(1),
      { length: 4 },
      { length: 0 },
    ],
    [
      'an id given where none is sent',
      HANDSHAKE_TYPE.newConnectionId,
      Uint8Array.of(0, 0, 1),
      { length: 0 },
      { length: 4 },
    ],
    [
      'ids asked for without the extension',
      HANDSHAKE_TYPE.requestConnectionId,
      Uint8Array.of(1),
      undefined,
      { length: 4 },
    ],
  ] as const)('%s: unexpected_message', (_name, type, body, client, listener) => {
    const { both, handshake } = impersonated({ connectionId: client }, { connectionId: listener });
    handshake(type, body);
    expect(both.listener.of('closed')[0]?.error).toMatchObject({ reason: 'unexpected-message', alert: 10 });
  });

  test('an id that is to be used at once is used at once; spare ones are not', () => {
    const { both, handshake, heard } = impersonated({ connectionId: { length: 4 } }, { connectionId: { length: 0 } });
    const first = heard();
    expect(first.header?.idLength).toBe(4);
    const ids = [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)];
    handshake(HANDSHAKE_TYPE.newConnectionId, writeNewConnectionId({ ids, isImmediate: false }));
    const idOf = () => [
      ...both.network.sent
        .filter(({ from }) => from === SERVER)
        .at(-1)!
        .datagram.subarray(1, 5),
    ];
    both.listener.engine.send(both.listener.peer!, Uint8Array.of(1));
    both.network.run(both.network.now + 10);
    expect(idOf()).not.toEqual([...ids[0]!]);
    handshake(HANDSHAKE_TYPE.newConnectionId, writeNewConnectionId({ ids, isImmediate: true }));
    expect(idOf()).toEqual([...ids[0]!]);
  });
});

test.each(['1.3', '1.2'] as const)(
  'noise behind an id of ours: no error, no data, nothing sent to where it comes from (DTLS %s)',
  (version) => {
    const both = pair(version);
    expectEcho(both, 'x');
    const named = both.network.sent.filter(({ from }) => from === 'client').at(-1)!.datagram;
    const received = both.listener.received.length;
    const change = fc.oneof(
      fc.record({ at: fc.nat(named.length - 1), byte: fc.nat(255) }).map(({ at, byte }) => {
        const changed = named.slice();
        changed[at] = byte;
        return changed;
      }),
      fc.uint8Array({ maxLength: 60 }).map((noise) => Uint8Array.from([...named.subarray(0, 15), ...noise])),
      fc.nat(named.length).map((length) => named.slice(0, length)),
    );
    fc.assert(
      fc.property(change, (datagram) => {
        both.network.inject('noise', SERVER, datagram);
        both.network.run(both.network.now + 1);
      }),
      { seed: 9146, numRuns: 2_000 },
    );
    expect(both.listener.received).toHaveLength(received);
    expect(both.listener.of('moved')).toEqual([]);
    expect(sentTo(both, 'noise').every(({ datagram }) => datagram.length === 15)).toBe(true);
    expectEcho(both, 'still here');
  },
);
