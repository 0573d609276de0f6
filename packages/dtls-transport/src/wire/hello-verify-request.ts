import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { DTLS_1_0 } from './record.ts';

/** The cookie of a HelloVerifyRequest (RFC 6347 4.2.1). Its version says nothing about the negotiation. Throws `DtlsMalformedError`. */
export function readHelloVerifyRequest(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body, 'HelloVerifyRequest');
  reader.u16();
  const cookie = reader.vector8();
  reader.end();
  return cookie;
}

/** RFC 6347 4.2.1: a server of 1.2 writes version 1.0 here. */
export function writeHelloVerifyRequest(cookie: Uint8Array): Uint8Array {
  return new ByteWriter().u16(DTLS_1_0).vector8(cookie).bytes();
}
