import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** RFC 9147 4: which record. Both numbers have 64 bits on the wire. */
export interface RecordNumber {
  readonly epoch: number;
  readonly sequence: number;
}

/** Bytes of one number in an ACK. */
export const RECORD_NUMBER_LENGTH = 16;

/** RFC 9147 7. Numbers beyond 2^53 - 1 stand for records that nobody has sent and are left out. Throws `DtlsMalformedError`. */
export function readAck(content: Uint8Array): RecordNumber[] {
  const reader = new ByteReader(content, 'ACK');
  const list = new ByteReader(reader.vector16(), 'ACK record numbers');
  reader.end();
  const numbers: RecordNumber[] = [];
  while (list.remaining > 0) {
    const number = { epoch: readU64(list), sequence: readU64(list) };
    if (Number.isSafeInteger(number.epoch) && Number.isSafeInteger(number.sequence)) numbers.push(number);
  }
  return numbers;
}

/** RFC 9147 7: `numbers` stand in increasing order. */
export function writeAck(numbers: readonly RecordNumber[]): Uint8Array {
  const list = new ByteWriter();
  for (const { epoch, sequence } of numbers) list.raw(u64(epoch)).raw(u64(sequence));
  return new ByteWriter().vector16(list.bytes()).bytes();
}

function readU64(reader: ByteReader): number {
  const high = reader.u16() * 0x1_0000 + reader.u16();
  return high * 0x1_0000_0000 + reader.u16() * 0x1_0000 + reader.u16();
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / 0x1_0000_0000));
  view.setUint32(4, value % 0x1_0000_0000);
  return bytes;
}
