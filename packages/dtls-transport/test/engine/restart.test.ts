import { describe, expect, test } from 'vitest';
import { ALERT } from '../../src/wire/alert.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import { associate, SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { plainRecord } from '../support/rewrite.ts';
import type { Sent, VirtualNetwork } from '../support/virtual-network.ts';

/**
 * A server that forgot its associations, and one that somebody pretends has: to a client both look the same. Its owner
 * handshakes beside the old association, from another address, and goes over when that is done.
 */

function hintsOf({ events }: TestClient): number {
  return events.filter((type) => type === 'hint').length;
}

/** Sends from a client and lets what comes of it arrive. */
function say(network: VirtualNetwork, client: TestClient, text: string): void {
  client.send(text);
  network.run(network.now + 100);
}

describe('after a restart of the server at its old address', () => {
  function restart() {
    const { network, client } = associate();
    const listener = new TestListener(network);
    return { network, client, listener };
  }

  test('the first record is answered with a hint, and a handshake beside the old association is all it takes', () => {
    const { network, client, listener } = restart();
    const sentAt = network.now;
    say(network, client, 'lost');
    expect(hintsOf(client)).toBe(1);
    expect(client.closed).toBeUndefined();
    const again = new TestClient(network, 'client, another port');
    network.run(network.now + 500);
    say(network, again, 'carried on');
    expect(again.received).toEqual(['carried on']);
    expect(again.connectedAt! - sentAt).toBe(100 + 120); // 100 of them we have waited for the hint
    expect(listener.engine.stats()).toMatchObject({ peers: 1, handshakesFailed: 0, drops: { unknown: 1 } });
  });

  test('the goodbye of the old association is not answered, and touches the new one in no way', () => {
    const { network, client } = restart();
    say(network, client, 'lost');
    const again = new TestClient(network, 'client, another port');
    network.run(network.now + 500);
    const isAnswer = ({ from, to }: Sent) => from === SERVER && to === 'client';
    const answers = network.sent.filter(isAnswer).length;
    client.engine.close();
    network.run(network.now + 500);
    expect(network.sent.filter(isAnswer)).toHaveLength(answers);
    say(network, again, 'alive');
    expect(again.received).toEqual(['alive']);
    expect(hintsOf(again)).toBe(0);
  });

  test('hints keep coming for as long as the old association is used', () => {
    const { network, client } = restart();
    for (const count of [1, 2, 3]) {
      say(network, client, 'lost');
      expect(hintsOf(client)).toBe(count);
    }
  });

  test('from the same address, the new association takes the place of nothing', () => {
    const { network, client, listener } = restart();
    say(network, client, 'lost');
    const again = new TestClient(network, 'client'); // at the same port
    network.run(network.now + 500);
    say(network, again, 'carried on');
    expect(again.received).toEqual(['carried on']);
    expect(listener.of('closed')).toEqual([]);
  });
});

test('a forged hint costs a handshake: the old association lives on until its owner closes it', () => {
  const { network, listener, client } = associate();
  const forged = plainRecord(CONTENT_TYPE.alert, Uint8Array.of(2, ALERT.unexpected_message), 2 ** 32);
  network.inject(SERVER, 'client', forged);
  network.run(network.now + 10);
  expect(hintsOf(client)).toBe(1);
  const again = new TestClient(network, 'client, another port');
  say(network, client, 'while it goes on');
  network.run(network.now + 500);
  say(network, again, 'on the new one');
  say(network, client, 'on the old one');
  expect(client.received).toEqual(['while it goes on', 'on the old one']);
  expect(again.received).toEqual(['on the new one']);
  client.engine.close();
  network.run(network.now + 100);
  expect(listener.of('closed')).toEqual([{ type: 'closed', peer: 1, error: undefined }]);
  expect(listener.engine.stats().peers).toBe(1);
});

test('a forged hint, and nobody who answers the handshake beside it: the old association lives on', () => {
  const { network, client } = associate();
  network.filter = ({ from }) => from === 'client, another port';
  const again = new TestClient(network, 'client, another port', { handshakeTimeout: 10_000 });
  network.run(20_000);
  expect(again.closed?.error).toMatchObject({ code: 'ERR_DTLS_TIMEOUT', reason: 'handshake' });
  say(network, client, 'alive');
  expect(client.received).toEqual(['alive']);
});
