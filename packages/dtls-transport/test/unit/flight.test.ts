import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Flight, type FlightPart } from '../../src/handshake/flight.ts';
import { Reassembly } from '../../src/handshake/reassembly.ts';
import { WriteEpoch } from '../../src/record/write-epoch.ts';
import { HANDSHAKE_HEADER_LENGTH, handshakeMessage, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE, readRecordHeader } from '../../src/wire/record.ts';

/** All datagrams of a flight. */
function datagramsOf(flight: Flight, limit: number): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  while (flight.pending) {
    const out = new Uint8Array(limit);
    datagrams.push(out.subarray(0, flight.write(out, limit)));
  }
  return datagrams;
}

/** What a receiver puts together, and how many fragments stood in each record. */
function read(datagrams: readonly Uint8Array[]) {
  const reassembly = new Reassembly(1_000_000);
  const records: { isFragment: boolean }[][] = [];
  for (const datagram of datagrams) {
    for (let at = 0; at < datagram.length; ) {
      const header = readRecordHeader(datagram, at)!;
      at = header.end;
      if (header.type !== CONTENT_TYPE.handshake) continue;
      const content = datagram.subarray(header.start, header.end);
      const inRecord: { isFragment: boolean }[] = [];
      for (let from = 0; from < content.length; ) {
        const fragment = readHandshakeFragment(content, from)!;
        reassembly.add(fragment);
        inRecord.push({ isFragment: fragment.bytes.length < fragment.length });
        from += HANDSHAKE_HEADER_LENGTH + fragment.bytes.length;
      }
      records.push(inRecord);
    }
  }
  return { reassembly, records };
}

test('at any size of datagram the receiver gets the messages, in full datagrams, fragments at the end of their records', () => {
  const sizes = fc.array(fc.nat(700), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 64, max: 1_472 }), (lengths, limit) => {
      const writer = new WriteEpoch(0, undefined);
      const messages = lengths.map((length, seq) => {
        return handshakeMessage(
          seq,
          seq,
          Uint8Array.from({ length }, (_, index) => index + seq),
        );
      });
      const flight = new Flight(messages.map((message): FlightPart => ({ writer, message })));
      const datagrams = datagramsOf(flight, limit);
      const { reassembly, records } = read(datagrams);
      expect(messages.map(() => reassembly.take())).toEqual(messages);
      // Room that is left is too small for a record with a fragment worth sending.
      for (const datagram of datagrams.slice(0, -1)) expect(datagram.length).toBeGreaterThan(limit - 13 - 12 - 32);
      for (const inRecord of records) expect(inRecord.slice(0, -1).every(({ isFragment }) => !isFragment)).toBe(true);
    }),
    { seed: 3 },
  );
});

test('a flight written again is the same but for the record numbers', () => {
  const writer = new WriteEpoch(0, undefined);
  const flight = new Flight([
    { writer, message: handshakeMessage(16, 2, new Uint8Array(33)) },
    { writer, message: 'change-cipher-spec' },
  ]);
  const [first] = datagramsOf(flight, 1_000);
  flight.rewind();
  const [second] = datagramsOf(flight, 1_000);
  expect(first).toHaveLength(13 + 12 + 33 + 14);
  const differing = [...first!.keys()].filter((index) => first![index] !== second![index]);
  expect(differing).toEqual([10, 58 + 10]); // the last bytes of the sequence numbers
});
