import { ByteReader, readU16List } from './byte-reader.ts';
import { ByteWriter, u16List } from './byte-writer.ts';
import { type Extensions, readExtensions, writeExtensions } from './extensions.ts';

/** RFC 6347 4.3.2. */
export interface ClientHello {
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cookie: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: Uint8Array;
  readonly extensions: Extensions;
}

/** The front of a ClientHello, which its first fragment always holds: enough to decide about the cookie. */
export interface ClientHelloFront {
  readonly random: Uint8Array;
  readonly cookie: Uint8Array;
  /** Version, random and session id, as they stand. */
  readonly beforeCookie: Uint8Array;
  /** What follows the cookie; cut off when the message is fragmented. */
  readonly afterCookie: Uint8Array;
}

const WHAT = 'ClientHello';

/** Throws `DtlsMalformedError`. */
export function readClientHello(body: Uint8Array): ClientHello {
  const reader = new ByteReader(body, WHAT);
  const hello = {
    version: reader.u16(),
    random: reader.fixed(32),
    sessionId: reader.vector8(0, 32),
    cookie: reader.vector8(),
    cipherSuites: readU16List(reader.vector16(2), `${WHAT} cipher suites`),
    compressionMethods: reader.vector8(1),
    extensions: readExtensions(reader, WHAT),
  };
  reader.end();
  return hello;
}

/** Reads only up to the cookie, so it takes a first fragment too. Throws `DtlsMalformedError`. */
export function readClientHelloFront(bytes: Uint8Array): ClientHelloFront {
  const reader = new ByteReader(bytes, WHAT);
  reader.u16();
  const random = reader.fixed(32);
  reader.vector8(0, 32);
  const beforeCookie = bytes.subarray(0, reader.offset);
  const cookie = reader.vector8();
  return { random, cookie, beforeCookie, afterCookie: bytes.subarray(reader.offset) };
}

export function writeClientHello(hello: ClientHello): Uint8Array {
  const writer = new ByteWriter()
    .u16(hello.version)
    .raw(hello.random)
    .vector8(hello.sessionId)
    .vector8(hello.cookie)
    .vector16(u16List(hello.cipherSuites))
    .vector8(hello.compressionMethods);
  writeExtensions(writer, hello.extensions);
  return writer.bytes();
}
