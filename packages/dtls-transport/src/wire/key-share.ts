import { ByteReader, readU16List } from './byte-reader.ts';
import { ByteWriter, u16List } from './byte-writer.ts';

/** RFC 8446 4.2.8: a public key of a group. */
export interface KeyShareEntry {
  readonly group: number;
  readonly publicKey: Uint8Array;
}

/** The extension in a ClientHello; it may be empty. Throws `DtlsMalformedError`. */
export function readClientShares(bytes: Uint8Array): KeyShareEntry[] {
  const reader = new ByteReader(bytes, 'key_share');
  const list = new ByteReader(reader.vector16(), 'key_share list');
  reader.end();
  const shares: KeyShareEntry[] = [];
  while (list.remaining > 0) {
    const share = { group: list.u16(), publicKey: list.vector16(1) };
    // RFC 8446 4.2.8: one for each group.
    if (shares.some(({ group }) => group === share.group)) list.fail('bad-value');
    shares.push(share);
  }
  return shares;
}

export function writeClientShares(shares: readonly KeyShareEntry[]): Uint8Array {
  const list = new ByteWriter();
  for (const share of shares) list.raw(writeServerShare(share));
  return new ByteWriter().vector16(list.bytes()).bytes();
}

/** The extension in a ServerHello. Throws `DtlsMalformedError`. */
export function readServerShare(bytes: Uint8Array): KeyShareEntry {
  const reader = new ByteReader(bytes, 'key_share');
  const share = { group: reader.u16(), publicKey: reader.vector16(1) };
  reader.end();
  return share;
}

export function writeServerShare({ group, publicKey }: KeyShareEntry): Uint8Array {
  return new ByteWriter().u16(group).vector16(publicKey).bytes();
}

/** One 16-bit number: a version, or the group of a HelloRetryRequest. Throws `DtlsMalformedError`. */
export function readOneNumber(bytes: Uint8Array, what: string): number {
  const reader = new ByteReader(bytes, what);
  const number = reader.u16();
  reader.end();
  return number;
}

/** Numbers behind a length of two bytes, such as groups or signature schemes. Throws `DtlsMalformedError`. */
export function readNumbers(bytes: Uint8Array, what: string): readonly number[] {
  const reader = new ByteReader(bytes, what);
  const numbers = readU16List(reader.vector16(2), what);
  reader.end();
  return numbers;
}

export function writeNumbers(numbers: readonly number[]): Uint8Array {
  return new ByteWriter().vector16(u16List(numbers)).bytes();
}
