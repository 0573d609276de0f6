import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { ConnectionIdOptions, DtlsVersionNumber } from '../../src/engine-options.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
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
