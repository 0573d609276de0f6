import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Counts, isNews, readAnswer } from '../../src/observe/news.ts';

interface Recorded {
  readonly kind: 'sync' | 'sliding';
  readonly what: string;
  readonly news: boolean;
  readonly answer: Record<string, unknown>;
}

const RECORDED: Recorded[] = readFileSync(new URL('../fixtures/sync-answers.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const read = (kind: Recorded['kind'], answer: unknown) =>
  readAnswer(kind, new TextEncoder().encode(JSON.stringify(answer)));

/** Whether an answer is news to a client that knows the counts of `before`. */
function news(kind: Recorded['kind'], answer: unknown, before: unknown): boolean {
  const delivered: Counts = read(kind, before)?.counts ?? {};
  return isNews(read(kind, answer)!, delivered);
}

describe.each(['sync', 'sliding'] as const)('answers of Synapse to %s', (kind) => {
  const recorded = RECORDED.filter((one) => one.kind === kind);
  const quiet = recorded.find((one) => !one.news)!.answer;

  it.each(recorded)('with $what: news is $news', ({ answer, news: expected }) => {
    expect(news(kind, answer, { ...answer, ...(kind === 'sync' ? {} : { rooms: {} }) })).toBe(expected);
  });

  it('without anything but counts are news while the client does not know these counts', () => {
    expect(news(kind, quiet, {})).toBe(true);
    expect(news(kind, quiet, quiet)).toBe(false);
  });
});

describe('/sync', () => {
  const quiet = {
    next_batch: 's1',
    device_one_time_keys_count: { a: 1, b: 2 },
    device_unused_fallback_key_types: ['a'],
  };

  it('is not news because next_batch alone has moved', () => {
    expect(news('sync', { ...quiet, next_batch: 's2' }, quiet)).toBe(false);
    expect(news('sync', { next_batch: 's2' }, quiet)).toBe(false);
  });

  it.each([
    { rooms: { join: {}, invite: {}, leave: {} }, presence: { events: [] }, to_device: { events: [] } },
    { rooms: { join: { '!r:x': { timeline: { events: [] }, ephemeral: { events: [] } } } } },
    { device_lists: { changed: [], left: [] }, account_data: null },
    {},
  ])('is not news because of what is empty: %j', (more) => {
    expect(news('sync', { ...quiet, ...more }, quiet)).toBe(false);
  });

  it.each([
    { rooms: { join: { '!r:x': { unread_notifications: { highlight_count: 0 } } } } },
    { rooms: { join: { '!r:x': { timeline: { events: [], limited: false } } } } },
    { rooms: { leave: { '!r:x': { timeline: { events: [{}], prev_batch: 'p' } } } } },
    { device_lists: { left: ['@bob:x'] } },
    { 'org.example.extension': 0 },
    { presence: { events: [{ type: 'm.presence' }] } },
  ])('is news because of whatever else there is, known or not: %j', (more) => {
    expect(news('sync', { ...quiet, ...more }, quiet)).toBe(true);
  });

  it('is news when a count has changed, or a list of key types, also to nothing', () => {
    expect(news('sync', { ...quiet, device_one_time_keys_count: { a: 1, b: 1 } }, quiet)).toBe(true);
    expect(news('sync', { ...quiet, device_one_time_keys_count: {} }, quiet)).toBe(true);
    expect(news('sync', { ...quiet, device_unused_fallback_key_types: [] }, quiet)).toBe(true);
    const old = { next_batch: 's1', 'org.matrix.msc2732.device_unused_fallback_key_types': ['a'] };
    expect(news('sync', { ...old, 'org.matrix.msc2732.device_unused_fallback_key_types': [] }, old)).toBe(true);
  });

  it('is not news when the counts come in another order, or are empty and were never there', () => {
    expect(news('sync', { ...quiet, device_one_time_keys_count: { b: 2, a: 1 } }, quiet)).toBe(false);
    expect(
      news('sync', { next_batch: 's2', device_unused_fallback_key_types: [], device_one_time_keys_count: {} }, {}),
    ).toBe(false);
  });
});

describe('sliding sync', () => {
  const quiet = {
    pos: '1',
    lists: { all: { count: 2 } },
    rooms: {},
    extensions: { to_device: { next_batch: '5', events: [] }, e2ee: { device_one_time_keys_count: { a: 1 } } },
  };

  it('is not news because a cursor alone has moved', () => {
    const moved = {
      ...quiet,
      pos: '2',
      extensions: { ...quiet.extensions, to_device: { next_batch: '6', events: [] } },
    };
    expect(news('sliding', moved, quiet)).toBe(false);
    expect(read('sliding', moved)!.cursor).toEqual({ position: '2', toDevice: '6' });
  });

  it('is news when a list has another length, or other rooms in its window', () => {
    expect(news('sliding', { ...quiet, lists: { all: { count: 3 } } }, quiet)).toBe(true);
    const ops = [{ op: 'SYNC', range: [0, 9], room_ids: ['!a:x', '!b:x'] }];
    const withOps = { ...quiet, lists: { all: { count: 2, ops } } };
    expect(news('sliding', withOps, withOps)).toBe(false);
    const turned = [{ op: 'SYNC', range: [0, 9], room_ids: ['!b:x', '!a:x'] }];
    expect(news('sliding', { ...quiet, lists: { all: { count: 2, ops: turned } } }, withOps)).toBe(true);
  });

  it.each([
    { rooms: { '!r:x': { notification_count: 0 } } },
    { extensions: { ...quiet.extensions, typing: { rooms: { '!r:x': { content: { user_ids: ['@a:x'] } } } } } },
    { extensions: { 'org.example.extension': { since: 1 } } },
    { extensions: { e2ee: { device_lists: { changed: ['@a:x'] } } } },
  ])('is news because of %j', (more) => {
    expect(news('sliding', { ...quiet, ...more }, quiet)).toBe(true);
  });
});

describe('what is no answer', () => {
  it.each([
    '[]',
    'null',
    '1',
    '{}',
    '{"next_batch":1}',
    '{"next_batch"',
    '{"next_batch":"\\ud800","pos":"\\udc00"}',
    '<html>',
    '',
  ])('%j is not read', (text) => {
    expect(readAnswer('sync', new TextEncoder().encode(text))).toBeUndefined();
    expect(readAnswer('sliding', new TextEncoder().encode(text))).toBeUndefined();
  });

  it('property: nothing that a homeserver says makes it throw, and every answer is no news after itself but for content', () => {
    const member = fc.oneof(fc.jsonValue(), fc.constantFrom({}, [], null, 1));
    const answer = fc.record(
      {
        next_batch: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
        pos: fc.oneof(fc.string(), fc.jsonValue()),
        lists: fc.oneof(fc.dictionary(fc.string(), member), member),
        extensions: fc.oneof(fc.record({ e2ee: member, to_device: member }, { requiredKeys: [] }), member),
        device_one_time_keys_count: member,
        rooms: member,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(answer, fc.jsonValue()),
        fc.constantFrom('sync' as const, 'sliding' as const),
        (value, kind) => {
          const found = read(kind, value);
          if (found === undefined) return;
          expect(typeof found.cursor.position).toBe('string');
          expect(isNews(found, found.counts)).toBe(found.content);
        },
      ),
      { seed: 3079, numRuns: 1000 },
    );
  });

  it('bytes that are no UTF-8 are not taken for text', () => {
    expect(readAnswer('sync', Uint8Array.of(0xff, 0xfe))).toBeUndefined();
  });

  it.each([
    { pos: '1', lists: 1, extensions: [] },
    { pos: '1', lists: { all: null }, extensions: { e2ee: 'x', to_device: 7 } },
  ])('members of another type than they should have are read all the same: %j', (answer) => {
    expect(read('sliding', answer)?.cursor.position).toBe('1');
  });
});
