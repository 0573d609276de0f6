import { ByteReader } from './byte-reader.ts';

/** RFC 8446 4.6.3: whether the sender of a KeyUpdate wants one back. Throws `DtlsMalformedError`. */
export function readKeyUpdate(body: Uint8Array): boolean {
  const reader = new ByteReader(body, 'KeyUpdate');
  const request = reader.u8();
  reader.end();
  if (request > 1) reader.fail('bad-value');
  return request === 1;
}

export function writeKeyUpdate(wantsAnswer: boolean): Uint8Array {
  return Uint8Array.of(wantsAnswer ? 1 : 0);
}
