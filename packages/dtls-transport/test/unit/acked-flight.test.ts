import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AckedFlight, type FlightRecord } from '../../src/handshake/acked-flight.ts';
import { Reassembly } from '../../src/handshake/reassembly.ts';
import { PlainWriter } from '../../src/record/plain-writer.ts';
import { handshakeMessage, readHandshakeFragment } from '../../src/wire/handshake-message.ts';

class ProtectedWriter extends PlainWriter {
  override readonly epoch = 2;
}
const writer = new ProtectedWriter(0);
const message = (seq: number, length: number) => handshakeMessage(11, seq, new Uint8Array(length).fill(seq + 1));
const flightOf = (...lengths: readonly number[]) =>
  new AckedFlight(lengths.map((length, seq) => ({ writer, message: message(seq, length) })));

/** Records of at most `room` bytes, each with the number that it was sent as. */
function send(flight: AckedFlight, room: number, from = 0): FlightRecord[] {
  const records: FlightRecord[] = [];
  for (let record = flight.next(() => room); record !== undefined; record = flight.next(() => room)) {
    record.sentAs({ epoch: 2, sequence: from + records.length });
    records.push(record);
  }
  return records;
}

/** Feeds the fragments of a record. */
function receive(reassembly: Reassembly, { content }: FlightRecord): void {
  for (let at = 0; at < content.length; ) {
    const fragment = readHandshakeFragment(content, at)!;
    reassembly.add(fragment);
    at += 12 + fragment.bytes.length;
  }
}

describe('a flight that is acknowledged (RFC 9147 7.2)', () => {
  test('whole messages share a record', () => {
    const [record, ...more] = send(flightOf(10, 20, 30), 200);
    expect(record!.content).toHaveLength(60 + 3 * 12);
    expect(more).toEqual([]);
  });

  test('what was acknowledged is not sent again, the rest is', () => {
    const flight = flightOf(10, 100, 30);
    const records = send(flight, 80);
    expect(records.length).toBeGreaterThan(2);
    expect(flight.pending).toBe(false);
    expect(flight.acknowledge([{ epoch: 2, sequence: 0 }])).toBe(true);
    expect(flight.acknowledge([{ epoch: 2, sequence: 0 }])).toBe(false);
    flight.rewind();
    const again = send(flight, 80, 10);
    const length = (all: FlightRecord[]) => all.reduce((sum, { content }) => sum + content.length, 0);
    expect(length(again)).toBeLessThan(length(records));
    flight.acknowledge(again.map((_, index) => ({ epoch: 2, sequence: 10 + index })));
    expect(flight.isDone).toBe(true);
    flight.rewind();
    expect(flight.pending).toBe(false);
  });

  test('what was sent long ago is forgotten, however often it is repeated', () => {
    const flight = flightOf(10);
    for (let number = 0; number < 20; number++) {
      send(flight, 80, number);
      flight.rewind();
    }
    expect(flight.acknowledge([{ epoch: 2, sequence: 3 }])).toBe(false);
    expect(flight.isDone).toBe(false);
    expect(flight.acknowledge([{ epoch: 2, sequence: 15 }])).toBe(true);
    expect(flight.isDone).toBe(true);
  });

  test('numbers of records that were never sent acknowledge nothing', () => {
    const flight = flightOf(10);
    send(flight, 80);
    expect(
      flight.acknowledge([
        { epoch: 3, sequence: 0 },
        { epoch: 2, sequence: 7 },
      ]),
    ).toBe(false);
    expect(flight.isDone).toBe(false);
  });

  test('of the next flight of the peer all of it is known to have arrived', () => {
    const flight = flightOf(10, 10);
    flight.finish();
    expect([flight.isDone, flight.pending]).toEqual([true, false]);
  });

  test('an ACK shows that what was in the clear has arrived', () => {
    const plain = { writer: new PlainWriter(0), message: message(0, 10) };
    const flight = new AckedFlight([plain, { writer, message: message(1, 20) }]);
    send(flight, 200);
    flight.acknowledge([]);
    flight.rewind();
    expect(send(flight, 200).map(({ content }) => content.length)).toEqual([32]);
  });

  test('a room that is too small gives nothing', () => {
    const flight = flightOf(100);
    expect(flight.next(() => 30)).toBeUndefined();
    expect(flight.pending).toBe(true);
  });

  test('whatever is lost, acknowledged and sent again in other sizes: the messages arrive', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.record({ room: fc.integer({ min: 60, max: 400 }), lost: fc.array(fc.boolean()) }), {
          maxLength: 8,
        }),
        (lengths, rounds) => {
          const flight = flightOf(...lengths);
          const reassembly = new Reassembly(65_536);
          let sequence = 0;
          for (const { room, lost } of [...rounds, { room: 400, lost: [] }]) {
            const first = sequence;
            const records = send(flight, room, first);
            sequence += records.length;
            const arrived = records.map((_, index) => index).filter((index) => lost[index] !== true);
            for (const index of arrived) receive(reassembly, records[index]!);
            flight.acknowledge(arrived.map((index) => ({ epoch: 2, sequence: first + index })));
            flight.rewind();
          }
          expect(flight.isDone).toBe(true);
          for (const [seq, length] of lengths.entries())
            expect(reassembly.take()?.raw).toEqual(message(seq, length).raw);
        },
      ),
      { seed: 31, numRuns: 300 },
    );
  });
});
