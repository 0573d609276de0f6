import { describe, expect, it } from 'vitest';
import { crc16, isLean } from '../../src/lean/header.ts';
import { sizeOf } from '../../src/lean/item.ts';
import { toHex, utf8 } from '../support.ts';
import { cborOf, Ends } from './support.ts';

const ROOM = '!room:example.org';
const COUNTS = { device_one_time_keys_count: { signed_curve25519: 50 }, device_unused_fallback_key_types: [] };

/** An answer of /sync with one room. */
function answer(next: string, room: object = {}, more: object = {}) {
  return {
    next_batch: next,
    ...COUNTS,
    rooms: {
      join: {
        [ROOM]: {
          timeline: { events: [], prev_batch: 's1_1', limited: false },
          ephemeral: { events: [] },
          unread_notifications: { notification_count: 0, highlight_count: 0 },
          ...room,
        },
      },
    },
    ...more,
  };
}

/** Writes, reads and acknowledges. */
function exchange(ends: Ends, value: unknown): Uint8Array {
  const lean = ends.write(value);
  expect(lean).toBeDefined();
  expect(isLean(lean!.cbor)).toBe(true);
  expect(toHex(ends.read(lean!.cbor))).toBe(toHex(cborOf(value, ends.form)));
  ends.acknowledged = lean!.next;
  return lean!.cbor;
}

describe('a lean body', () => {
  it('of an answer that is as the one before is its header, its token and its room', () => {
    const ends = new Ends('s1_1');
    exchange(ends, answer('s2_1'));
    // Generation 1, check; {next_batch: +1 of number 0, rooms: {join: {room 0: a patch of nothing}}}
    const lean = exchange(ends, answer('s3_1'));
    expect(toHex(lean.subarray(3))).toBe('a2130017a136a14100c8a0');
    expect(lean[0]).toBe(0xc1);
  });

  it('says what has changed, what is gone and what is new, and keeps the order', () => {
    const ends = new Ends('s1_1');
    exchange(ends, answer('s2_1', {}, { presence: { events: [{ type: 'm.presence' }] } }));
    exchange(ends, { next_batch: 's3_1', device_lists: { changed: ['@a:b'] }, ...COUNTS });
    exchange(ends, { ...answer('s3_4'), device_one_time_keys_count: { signed_curve25519: 49 } });
    // What has moved goes in full; the reference stays.
    expect(ends.write({ device_one_time_keys_count: {}, next_batch: 's3_4' })).toBeUndefined();
    exchange(ends, { next_batch: 's3_5', a: 1, b: 2, c: 3 });
    exchange(ends, { next_batch: 's3_6', a: 1, between: 0, b: 2, c: 3, last: 0 });
    exchange(ends, { next_batch: 's3_7', between: 0, c: 3, first: true });
  });

  it('refers to the last acknowledged answer, whatever else the client has had', () => {
    const ends = new Ends('s1_1');
    exchange(ends, answer('s2_1'));
    const lost = ends.write(answer('s3_1'))!;
    const again = ends.write(answer('s4_1'))!;
    // One of them got there, and its acknowledgement did not.
    ends.read(lost.cbor);
    expect(toHex(ends.read(again.cbor))).toBe(toHex(cborOf(answer('s4_1'))));
    ends.acknowledged = again.next;
    exchange(ends, answer('s5_1'));
  });

  it('is refused by an end that knows something else', () => {
    const ends = new Ends('s1_1');
    exchange(ends, answer('s2_1'));
    const other = new Ends('s1_1');
    expect(() => other.read(ends.write(answer('s3_1'))!.cbor)).toThrow(RangeError);
    // Of the right generation, after another answer.
    other.read(other.write(answer('s7_1', { summary: {} }))!.cbor);
    expect(() => other.read(ends.write(answer('s3_1'))!.cbor)).toThrow(RangeError);
  });

  it('is as long as it has to be beyond eight generations', () => {
    const ends = new Ends(undefined);
    for (let i = 1; i < 20; i++) expect(exchange(ends, answer(`s${i}_1`))[0]).toBe(0xc0 | ((i - 1) % 8));
  });

  it('is none of an answer with anything unusual in it', () => {
    const ends = new Ends('s1_1');
    for (const odd of [
      [],
      'text',
      { next_batch: 5 },
      { next_batch: ['s1'] },
      { next_batch: {} },
      {},
      answer('s'.repeat(600)),
      answer('s2_1', { timeline: { events: [], prev_batch: 7 } }),
      answer('s2_1', {}, { account_data: 'x'.repeat(100_000) }),
    ]) {
      expect(ends.write(odd)).toBeUndefined();
    }
  });

  it('leaves tokens as they are that differ in more than numbers', () => {
    const ends = new Ends('s007_99999999999999999999_x');
    for (const token of [
      's008_99999999999999999999_x',
      's7_1_x',
      's07_1_x',
      't07_1_x',
      '7',
      'aGVsbG8gd29ybGQhISEh',
      '-',
    ]) {
      exchange(ends, answer(token));
    }
  });

  it('goes back as well as forward in a token, and stays', () => {
    const ends = new Ends('0/s100_200_300');
    for (const pos of ['1/s101_200_300', '0/s90_1000000_300', '0/s90_1000000_300', '0/s0_0_0']) {
      exchange(ends, {
        pos,
        lists: { all: { count: 1, ops: [] } },
        rooms: { [ROOM]: { prev_batch: 's90_200_300', timeline: [] } },
        extensions: { to_device: { next_batch: '5', events: [] }, typing: { rooms: { [ROOM]: { user_ids: [] } } } },
      });
    }
  });
});

describe('a known room', () => {
  it('is forgotten when sixteen others came after it', () => {
    const ends = new Ends('s1');
    const rooms = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`!${from + i}:example.org`, { summary: {} }]));
    exchange(ends, { next_batch: 's2', rooms: { join: rooms(0, 20) } });
    expect(ends.acknowledged.rooms).toHaveLength(16);
    const old = exchange(ends, { next_batch: 's3', rooms: { join: rooms(0, 1) } });
    expect(Buffer.from(old).toString('latin1')).toContain('!0:example.org');
    const recent = exchange(ends, { next_batch: 's4', rooms: { join: rooms(19, 1) } });
    expect(Buffer.from(recent).toString('latin1')).not.toContain('example.org');
  });

  it('keeps no events, and nothing long', () => {
    const ends = new Ends('s1');
    const event = { type: 'm.room.message', content: { body: 'secret words' } };
    const timeline = { events: [event], prev_batch: 's1' };
    exchange(ends, answer('s2', { timeline, account_data: { events: [event] }, state: { events: [event] } }));
    const long = { account_data: { events: Array(40).fill(event) }, summary: { 'm.heroes': Array(80).fill('@a:b') } };
    exchange(ends, { ...answer('s3', long), long: 'x'.repeat(6000) });
    exchange(ends, { ...answer('s4', long), one: 'x'.repeat(3000), two: 'x'.repeat(3000) });
    const { answer: known, rooms } = ends.acknowledged;
    expect(known).toBeUndefined();
    // As it was when it was short.
    expect(rooms).toHaveLength(1);
    expect(sizeOf(rooms[0]!.room)).toBeLessThan(256);
    exchange(ends, answer('s5', long));
    exchange(ends, answer('s6', { timeline }));
    const text = JSON.stringify(ends.acknowledged, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expect(text).toContain(ROOM);
    expect(text).not.toContain('secret words');
  });
});

describe('an echo', () => {
  const send = `/_matrix/client/v3/rooms/${encodeURIComponent(ROOM)}/send/m.room.message/t1`;
  const content = { msgtype: 'm.text', body: 'a message that is long enough to be worth it' };
  const inOrder = { body: content.body, msgtype: content.msgtype };
  const event = (over: object = {}, unsigned: object = {}) => ({
    content: inOrder,
    event_id: '$event',
    origin_server_ts: 1_795_420_000_000,
    sender: '@alice:example.org',
    type: 'm.room.message',
    unsigned: { age: 25, membership: 'join', transaction_id: 't1', ...unsigned },
    ...over,
  });
  const pushed = (next: string, ...events: object[]) => answer(next, { timeline: { events, prev_batch: 's1_1' } });
  const isShort = (lean: Uint8Array): boolean => !Buffer.from(lean).toString('latin1').includes(content.body);

  it('is the transaction, the time and the age: an id and a sender only where they are not known', () => {
    const ends = new Ends('s1_1');
    ends.send(send, content, undefined);
    const first = exchange(ends, pushed('s2_1', event()));
    expect(isShort(first)).toBe(true);
    expect(Buffer.from(first).toString('latin1')).toContain('$event');
    expect(Buffer.from(first).toString('latin1')).toContain('@alice');
    ends.send(send.replace('t1', 't2'), content, '$two');
    const two = { event_id: '$two', origin_server_ts: 1_795_420_001_000 };
    const second = exchange(ends, pushed('s3_1', event(two, { transaction_id: 't2' })));
    expect(Buffer.from(second).toString('latin1')).not.toMatch(/\$two|@alice/);
    expect(toHex(second)).toContain('c983' + '627432' + '1903e8' + '1819');
  });

  it('is given in full where anything is other than it is made of what was sent', () => {
    const others: object[] = [
      event({ content: { ...inOrder, body: `${content.body}!` } }),
      event({ content: { msgtype: 'm.text', body: content.body } }),
      event({ type: 'm.room.notice' }),
      event({ redacts: '$x' }),
      event({ state_key: '' }),
      event({}, { membership: 'leave' }),
      event({}, { 'm.relations': {} }),
      event({}, { transaction_id: 't9' }),
      event({}, { transaction_id: 5 }),
      event({}, { age: 'old' }),
      event({ origin_server_ts: 0.5 }),
      event({ unsigned: [] }),
    ];
    for (const other of others) {
      const ends = new Ends('s1_1');
      ends.send(send, content, '$event');
      const lean = exchange(ends, pushed('s2_1', other));
      expect(toHex(lean).includes('c983')).toBe(false);
      expect(toHex(lean).includes('c985')).toBe(false);
    }
  });

  it('of another room with the same transaction id is another event', () => {
    const ends = new Ends('s1_1');
    ends.send(send.replace('room', 'other'), content, '$event');
    expect(isShort(exchange(ends, pushed('s2_1', event())))).toBe(false);
  });

  it('of a transaction that was sent twice, differently, is given in full', () => {
    const ends = new Ends('s1_1');
    ends.send(send, content, '$event');
    ends.send(send, { ...content, body: 'other' }, '$event');
    expect(isShort(exchange(ends, pushed('s2_1', event())))).toBe(false);
  });

  it('is refused by a client that does not know the event, or not yet its id', () => {
    const ends = new Ends('s1_1');
    ends.send(send, content, '$event', false);
    const lean = ends.write(pushed('s2_1', event()))!.cbor;
    expect(() => ends.read(lean)).toThrow(RangeError);
    ends.clientEchoes.answered(
      ends.clientEchoes.send('PUT', send, utf8(JSON.stringify(content)))!,
      utf8('{"event_id":"$event"}'),
    );
    expect(toHex(ends.read(lean))).toBe(toHex(cborOf(pushed('s2_1', event()))));
    const other = new Ends('s1_1');
    expect(() => other.read(lean)).toThrow(RangeError);
  });

  it('is forgotten beyond the bounds', () => {
    const ends = new Ends('s1_1');
    ends.send(send, content, '$event');
    for (let i = 0; i < 32; i++) ends.send(send.replace('t1', `u${i}`), content, '$other');
    expect(ends.serverEchoes.size).toBe(32);
    expect(isShort(exchange(ends, pushed('s2_1', event())))).toBe(false);
    for (let i = 0; i < 9; i++) ends.send(send.replace('t1', `w${i}`), { body: 'x'.repeat(4000) }, '$other');
    expect(ends.serverEchoes.size).toBe(4);
    ends.send(send.replace('t1', 'long'), { body: 'x'.repeat(9000) }, '$other');
    expect(ends.serverEchoes.size).toBe(4);
  });
});

it('the check is CRC-16 with 0x1021 from 0xffff', () => {
  expect(crc16(utf8('123456789'))).toBe(0x29b1);
});
