import { describe, expect, it } from 'vitest';
import {
  createClientSession,
  createServerSession,
  type Deflate,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
  type SyncReference,
} from '../../src/index.ts';
import { nodeDeflate } from '../../src/node.ts';
import { SECRET_KEYS } from '../../src/secret-keys.ts';
import { text, utf8 } from '../support.ts';

const SECRET = 'what only one person is to know';
const GUESS = 'what only one person is to guess';

/** Two ends that have agreed on everything, and what the compressor was given, as text. */
function ends() {
  const fed: string[] = [];
  const deflate: Deflate = {
    ...nodeDeflate(),
    compress(data, dictionary) {
      fed.push(Buffer.from(data).toString('latin1'));
      return nodeDeflate().compress(data, dictionary);
    },
  };
  const client = createClientSession({ tables: 2, compression: { deflate }, lean: true });
  client.agreed = client.announced;
  client.unsettled.clear();
  const server = createServerSession({ tables: 2, compression: { deflate }, lean: true });
  server.features = client.announced;
  let reference: SyncReference | undefined;
  let known: readonly SyncReference[] | undefined;
  /** One notification after another, each acknowledged. */
  const push = (target: string, method: string, body: unknown): void => {
    const question = method === 'POST' ? { body: utf8('{"lists":{}}') } : {};
    const request = requestToCoap({ method, target, headers: [], ...question }, client, { observed: true });
    const { answer } = requestToHttp(request, server);
    fed.length = 0;
    const response = { status: 200, headers: [], body: utf8(JSON.stringify(body)) };
    const coap = responseToCoap(response, { ...answer, reference: reference ?? answer.reference }, server);
    const back = responseToHttp(coap, request, client, known);
    expect(JSON.parse(text(back.body))).toEqual(body);
    expect(coap.next).toBeDefined();
    ({ known } = back);
    reference = coap.next;
  };
  return { fed, push };
}

const room = (body: string, prev: number) => ({
  timeline: { events: [{ type: 'm.room.message', content: { body } }], prev_batch: `s${prev}`, limited: false },
  unread_notifications: { notification_count: 0 },
});
const slidingRoom = (body: string) => ({
  notification_count: 1,
  timeline: [{ type: 'm.room.message', content: { body } }],
});

describe('lean answers that are compressed', () => {
  it('never have two known rooms in one stream', () => {
    const { fed, push } = ends();
    for (const i of [1, 2, 3]) {
      const join = { '!one:example.org': room(SECRET, i), '!two:example.org': room(GUESS, i) };
      push(`/_matrix/client/v3/sync?since=s0`, 'GET', { next_batch: `s${i}`, rooms: { join } });
      expect(fed.some((stream) => stream.includes(SECRET))).toBe(true);
      expect(fed.filter((stream) => stream.includes(SECRET) && stream.includes(GUESS))).toEqual([]);
    }
    // From the second on they are named by number.
    expect(fed.join()).not.toContain('!one:example.org');
  });

  it('never have a room and a message to the device, or account data, in one stream, patched or not', () => {
    const { fed, push } = ends();
    for (const i of [1, 2, 3]) {
      push(`/_matrix/client/v4/sync?pos=0`, 'POST', {
        pos: `${i}`,
        lists: { all: { count: 2 } },
        rooms: { '!one:example.org': slidingRoom(GUESS) },
        extensions: {
          to_device: {
            next_batch: `${i}`,
            events: [{ sender: '@a:b', type: 'm.x', content: { body: `${SECRET} 1` } }],
          },
          account_data: { global: [{ type: 'm.x', content: { body: `${SECRET} 2` } }], rooms: {} },
          typing: { rooms: { '!one:example.org': { type: 'm.typing', content: { user_ids: ['@c:d'] } } } },
        },
      });
      expect(fed.filter((stream) => stream.includes(SECRET) && stream.includes(GUESS))).toEqual([]);
      expect(fed.filter((stream) => stream.includes(`${SECRET} 1`) && stream.includes(`${SECRET} 2`))).toEqual([]);
    }
  });

  it.each(SECRET_KEYS)('are not compressed with a key %s in a patch', (key) => {
    const { fed, push } = ends();
    const answer = (next: string, value: string) => ({
      next_batch: next,
      rooms: { join: { '!one:example.org': { ...room('hello', 1), summary: { a: 1, b: 2, c: 3, [key]: value } } } },
    });
    push('/_matrix/client/v3/sync?since=s0', 'GET', answer('s1', 'first of these secrets'));
    push('/_matrix/client/v3/sync?since=s0', 'GET', answer('s2', 'second of these secrets'));
    expect(fed).toEqual([]);
  });
});
