import type { HttpRequest } from '@lb-matrix/msc3079-mapper';
import { describe, expect, it } from 'vitest';
import { type Trims, trimmed } from '../src/trims.ts';
import { TestHomeserver } from './support/homeserver.ts';
import { Network } from './support/network.ts';
import { world } from './support/world.ts';

const ALL: Trims = { typing: true, receipts: true, presence: true };
const SYNC = '/_matrix/client/v3/sync';
const NARROW = {
  presence: { not_types: ['m.presence'] },
  room: { ephemeral: { not_types: ['m.typing', 'm.receipt'] } },
};

const get = (target: string): HttpRequest => ({ method: 'GET', target, headers: [] });
const post = (target: string, body: unknown): HttpRequest => ({
  method: 'POST',
  target,
  headers: [],
  body: new TextEncoder().encode(JSON.stringify(body)),
});
const filterOf = ({ target }: HttpRequest): unknown =>
  JSON.parse(new URL(target, 'http://x').searchParams.get('filter') ?? 'null');
const bodyOf = ({ body }: HttpRequest): unknown => JSON.parse(new TextDecoder().decode(body));

describe('the filter of /sync', () => {
  it.each([
    [ALL, NARROW],
    [{ typing: true }, { room: { ephemeral: { not_types: ['m.typing'] } } }],
    [{ receipts: true }, { room: { ephemeral: { not_types: ['m.receipt'] } } }],
    [{ presence: true }, { presence: { not_types: ['m.presence'] } }],
    [{}, null],
    [{ typing: false }, null],
  ] as const)('with %j leaves that out, and nothing else', (trims, filter) => {
    expect(filterOf(trimmed(get(`${SYNC}?since=s1`), trims))).toEqual(filter);
  });

  it('keeps what the app has filtered itself, and every other argument', () => {
    const own = {
      presence: { types: [] },
      room: { timeline: { limit: 5 }, ephemeral: { not_types: ['m.x', 'm.typing'] } },
    };
    const { target } = trimmed(get(`${SYNC}?a=1&filter=${encodeURIComponent(JSON.stringify(own))}&since=s1`), ALL);
    expect(filterOf({ ...get(target) })).toEqual({
      presence: { types: [], not_types: ['m.presence'] },
      room: { timeline: { limit: 5 }, ephemeral: { not_types: ['m.x', 'm.typing', 'm.receipt'] } },
    });
    expect([...new URL(target, 'http://x').searchParams.keys()]).toEqual(['a', 'filter', 'since']);
    expect(trimmed(get(`${SYNC}?since=s1?2&a=?`), ALL).target).toContain(`${SYNC}?since=s1?2&a=?&filter=`);
  });

  it('is narrowed where it is uploaded, and not where it is named by its id', () => {
    const path = '/_matrix/client/v3/user/%40a%3Al/filter';
    expect(bodyOf(trimmed(post(path, { room: { rooms: ['!a:l'] } }), ALL))).toEqual({
      ...NARROW,
      room: { rooms: ['!a:l'], ...NARROW.room },
    });
    for (const target of [`${SYNC}?filter=0&since=s1`, `${SYNC}?filter=%`, `${SYNC}?filter=[]`]) {
      expect(trimmed(get(target), ALL).target).toBe(target);
    }
  });
});

it.each(['/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?pos=1', '/_matrix/client/v4/sync'])(
  'sliding sync at %s turns off the extensions that the app has asked for',
  (target) => {
    const extensions = { typing: { enabled: true }, e2ee: { enabled: true } };
    const request = post(target, { lists: {}, extensions });
    expect(bodyOf(trimmed(request, ALL))).toEqual({
      lists: {},
      extensions: { typing: { enabled: false }, e2ee: { enabled: true } },
    });
    // Byte for byte: JSON that is read and written again may lose something.
    expect(trimmed(request, { presence: true })).toBe(request);
  },
);

it.each([
  get('/_matrix/client/v3/rooms/!r/messages?filter=%7B%7D'),
  get('/_matrix/client/v3/user/@a:l/filter/0'),
  post('/_matrix/client/v3/createRoom', { room: {} }),
  { ...post('/_matrix/client/v3/rooms/!r/typing/@a:l', { typing: true }), method: 'PUT' },
  { ...post(SYNC, {}), method: 'POST' },
])('no other request is touched (%#)', (request) => {
  expect(trimmed(request, ALL)).toBe(request);
});

it('a fetch asks the homeserver for all of it unless the app says otherwise', async () => {
  for (const [trims, filter] of [
    [undefined, null],
    [ALL, NARROW],
  ] as const) {
    const { time, app, ask } = world();
    const homeserver = new TestHomeserver(time);
    const { connect } = new Network(time, homeserver.upstream);
    await time.until(ask('v3/sync?timeout=0', {}, app({ connect, observe: false, trims })));
    expect(homeserver.requests.map(filterOf)).toEqual([filter]);
  }
});
