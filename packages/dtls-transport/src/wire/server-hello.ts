import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Extensions, readExtensions, writeExtensions } from './extensions.ts';

/** RFC 5246 7.4.1.3. */
export interface ServerHello {
  readonly version: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: Extensions;
}

/** Throws `DtlsMalformedError`. */
export function readServerHello(body: Uint8Array): ServerHello {
  const reader = new ByteReader(body, 'ServerHello');
  const hello = {
    version: reader.u16(),
    random: reader.fixed(32),
    sessionId: reader.vector8(0, 32),
    cipherSuite: reader.u16(),
    compressionMethod: reader.u8(),
    extensions: readExtensions(reader, 'ServerHello'),
  };
  reader.end();
  return hello;
}

export function writeServerHello(hello: ServerHello): Uint8Array {
  const writer = new ByteWriter()
    .u16(hello.version)
    .raw(hello.random)
    .vector8(hello.sessionId)
    .u16(hello.cipherSuite)
    .u8(hello.compressionMethod);
  writeExtensions(writer, hello.extensions);
  return writer.bytes();
}
