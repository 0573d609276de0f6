import { describe, expect, test } from 'vitest';
import { CONTENT_TYPE, readRecordHeader } from '../../src/wire/record.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { patched, rewriteBody } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const psk = { identity: new TextEncoder().encode('a client'), key: new Uint8Array(16).fill(7) };

/** A handshake with a shared key in which somebody changes a message of the server, the first `times` times that it comes. */
function shakeHands(type: Parameters<typeof rewriteBody>[0], at: number, times: number) {
  const network = new VirtualNetwork(1);
  const listener = new TestListener(network, { psk: true }, { psk });
  const client = new TestClient(network, 'client', { psk });
  let changed = 0;
  network.rewrite = ({ from, datagram }) => {
    if (from !== SERVER || changed >= times) return datagram;
    const rewritten = rewriteBody(type, (body) => patched(body, at, body.at(at)! ^ 1))(datagram);
    if (Buffer.compare(rewritten, datagram) !== 0) changed += 1;
    return rewritten;
  };
  network.run(30_000, () => client.connectedAt !== undefined);
  return { network, client, listener, changed };
}

/** Records in epoch 1 by a side: their numbers, in the order in which they went out. */
function protectedNumbers(network: VirtualNetwork, side: string): number[] {
  return network.sent
    .filter(({ from }) => from === side)
    .flatMap(({ datagram }) => {
      const numbers: number[] = [];
      for (let header = readRecordHeader(datagram, 0); header; header = readRecordHeader(datagram, header.end)) {
        if (header.epoch === 1 && header.type === CONTENT_TYPE.handshake) numbers.push(header.sequence);
      }
      return numbers;
    });
}

describe('what no signature covers may be damaged on the way: it heals when the server has repeated itself twice', () => {
  test.each([
    ['the random', 'serverHello', 10],
    ['the key share', 'serverKeyExchange', -1],
  ] as const)('%s', (_name, type, at) => {
    const { network, client, listener, changed } = shakeHands(type, at, 1);
    expect(changed).toBe(1);
    // The server repeats itself for each Finished that it cannot read: what comes twice is what it means.
    expect(client.connectedAt).toBe(120 + 2 * 40);
    expect(listener.of('connected')).toHaveLength(1);
    // Keys that are made again may be the same, so no number of theirs comes twice.
    const numbers = protectedNumbers(network, 'client');
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeGreaterThan(1);
  });

  test('a copy that is damaged changes nothing: what was taken was right', () => {
    const network = new VirtualNetwork(1);
    new TestListener(network, { psk: true }, { psk });
    const client = new TestClient(network, 'client', { psk });
    const copies: Uint8Array[] = [];
    network.rewrite = ({ from, datagram }) => {
      if (from === SERVER && readRecordHeader(datagram, 0)?.type === CONTENT_TYPE.handshake) copies.push(datagram);
      return datagram;
    };
    network.run(90); // the client has answered the flight
    const damaged = rewriteBody('serverHello', (body) => patched(body, 10, body[10]! ^ 1))(copies.at(-1)!);
    network.inject(SERVER, 'client', damaged);
    network.run(900);
    expect(client.connectedAt).toBe(120);
  });

  test('somebody who changes every copy alike is believed, and nobody connects', () => {
    const { client, listener } = shakeHands('serverHello', 10, Number.POSITIVE_INFINITY);
    expect(client.connectedAt).toBeUndefined();
    expect(listener.of('connected')).toEqual([]);
  });
});
