import { CborError } from '@lb-matrix/lb-cbor-keys';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writtenForm } from '../../src/body-form.ts';
import { toHex } from '../support.ts';
import { cborOf, Ends } from './support.ts';

const ROOMS = ['!one:example.org', '!two:example.org', `!${'A'.repeat(43)}`, 'not a room'];
const FORMS = [0, 1, 2, 3].map((agreed) => writtenForm(agreed, { keyTable: 1, compression: undefined }));

/** Not an integer beyond 64 bits, which no CBOR of ours has. */
function isExact(json: unknown): boolean {
  try {
    cborOf(json);
    return true;
  } catch (error) {
    if (error instanceof CborError) return false;
    throw error;
  }
}

const small = fc.integer({ min: 0, max: 3 });
const token = fc
  .tuple(fc.constantFrom('s', 's', 's', 't', ''), small, fc.integer({ min: 95, max: 105 }), small)
  .map(([form, a, b, c]) => `${form}${a}_${b}_${c}`);
const anything = fc.jsonValue({ maxDepth: 3 }).filter(isExact);
const value = fc.oneof({ weight: 4, arbitrary: small }, { weight: 1, arbitrary: anything });
const event = fc.oneof(
  fc.record({ type: fc.constantFrom('m.typing', 'm.tag'), content: anything }),
  fc.record({
    content: fc.constant({ body: 'hello', nested: { a: 1, b: [2] } }),
    event_id: fc.constantFrom('$one', '$two', `$${'B'.repeat(43)}`),
    origin_server_ts: fc.integer({ min: 1_795_420_000_000, max: 1_795_420_009_000 }),
    sender: fc.constantFrom('@alice:example.org', '@bob:example.org'),
    type: fc.constantFrom('m.room.message', 'm.room.message', 'other'),
    unsigned: fc.record({
      age: small,
      membership: fc.constantFrom('join', 'join', 'leave'),
      transaction_id: fc.constantFrom('t1', 't2', 't3'),
    }),
  }),
);
const events = fc.array(event, { maxLength: 3 });
/** A map some of whose members are there, in this or the other order. */
const some = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.record(members, { requiredKeys: [] }), fc.integer({ min: 0, max: 9 }))
    .map(([record, order]) => (order > 0 ? record : Object.fromEntries(Object.entries(record).reverse())));
const byRoom = (room: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.dictionary(fc.constantFrom(...ROOMS), room, { maxKeys: 3 });

const v2Room = some({
  timeline: fc.oneof(some({ events, prev_batch: token, limited: fc.boolean() }), value),
  state: some({ events }),
  account_data: some({ events }),
  unread_notifications: some({ notification_count: value, highlight_count: value }),
  summary: value,
});
const v2 = some({
  presence: some({ events }),
  device_one_time_keys_count: some({ signed_curve25519: value }),
  device_unused_fallback_key_types: value,
  rooms: some({ join: byRoom(v2Room), leave: byRoom(v2Room), invite: value }),
  x: value,
}).chain((rest) => token.map((next_batch) => ({ next_batch, ...(rest as object) })));
const slidingRoom = some({
  notification_count: value,
  timeline: events,
  limited: value,
  prev_batch: token,
  required_state: events,
});
const sliding = some({
  lists: some({ all: some({ count: value, ops: fc.array(value) }) }),
  rooms: byRoom(slidingRoom),
  extensions: some({
    to_device: some({ next_batch: fc.constantFrom('3', '5'), events }),
    e2ee: some({ device_lists: some({ changed: fc.array(fc.constantFrom('@a:b')), left: fc.array(value) }) }),
    typing: some({ rooms: byRoom(value) }),
    account_data: some({ global: events, rooms: byRoom(events) }),
  }),
}).chain((rest) => token.map((pos) => ({ pos: `1/${pos}`, ...(rest as object) })));

const step = fc.record({
  answer: fc.oneof(v2, sliding),
  /** The client gets it, and the server hears of that. */
  fate: fc.constantFrom('acknowledged', 'acknowledged', 'acknowledged', 'read', 'lost'),
  sent: fc.option(fc.constantFrom('t1', 't2', 't3'), { freq: 2 }),
  id: fc.option(fc.constantFrom('$one', '$two'), { freq: 3 }),
});

test('whatever is answered comes back byte for byte, whatever was lost before', () => {
  let leaner = 0;
  const property = fc.property(
    fc.array(step, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(...FORMS),
    fc.option(token),
    (steps, form, since) => {
      const ends = new Ends(since ?? undefined, form);
      for (const { answer, fate, sent, id } of steps) {
        if (sent !== null) {
          const target = `/_matrix/client/v3/rooms/${encodeURIComponent(ROOMS[0]!)}/send/m.room.message/${sent}`;
          ends.send(target, { nested: { b: [2], a: 1 }, body: 'hello' }, id ?? undefined);
        }
        const lean = ends.write(answer);
        if (lean === undefined) continue;
        const whole = cborOf(answer, form);
        if (lean.cbor.length < whole.length) leaner++;
        if (fate === 'lost') continue;
        expect(toHex(ends.read(lean.cbor))).toBe(toHex(whole));
        if (fate === 'acknowledged') ends.acknowledged = lean.next;
      }
    },
  );
  fc.assert(property, { seed: 20_261_124, numRuns: 800 });
  expect(leaner).toBeGreaterThan(900);
});

test('a lean body that was changed is refused, or the answer is what it was', () => {
  let refused = 0;
  const property = fc.property(
    fc.tuple(step, step),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
    fc.option(fc.nat(), { freq: 3 }),
    ([first, second], changes, end) => {
      const ends = new Ends('s1_100_1');
      const before = ends.write(first.answer);
      if (before === undefined) return;
      ends.read(before.cbor);
      ends.acknowledged = before.next;
      const lean = ends.write(second.answer);
      if (lean === undefined) return;
      const damaged = lean.cbor.slice(0, end === null ? undefined : end % lean.cbor.length);
      for (const [at, byte] of changes) if (damaged.length > 0) damaged[at % damaged.length] = byte;
      try {
        expect(toHex(ends.read(damaged))).toBe(toHex(cborOf(second.answer)));
      } catch (error) {
        if (!(error instanceof RangeError) && !(error instanceof CborError)) throw error;
        refused++;
      }
    },
  );
  fc.assert(property, { seed: 20_261_124, numRuns: 1500 });
  expect(refused).toBeGreaterThan(1000);
});

test('no bytes make the reader throw anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isHeaded) => {
      const ends = new Ends('s1_100_1');
      ends.acknowledged = ends.write({ next_batch: 's1_101_1', rooms: { join: { '!a:b': { summary: {} } } } })!.next;
      ends.known = [ends.acknowledged];
      const body = isHeaded ? Uint8Array.of(0xc1, 0, 0, ...bytes) : bytes;
      try {
        ends.read(body);
      } catch (error) {
        if (!(error instanceof RangeError) && !(error instanceof CborError)) throw error;
      }
    }),
    { seed: 20_261_124, numRuns: 10_000 },
  );
});
