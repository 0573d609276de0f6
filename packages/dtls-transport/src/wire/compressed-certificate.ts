import { ByteReader, readU16List } from './byte-reader.ts';
import { ByteWriter, u16List } from './byte-writer.ts';

/** IANA TLS Certificate Compression Algorithm IDs: zlib, the format of RFC 1950 (RFC 8879 3). */
export const ZLIB = 1;

/** RFC 8879 4: a Certificate in fewer bytes. */
export interface CompressedCertificate {
  readonly algorithm: number;
  /** Bytes of the Certificate. */
  readonly length: number;
  readonly data: Uint8Array;
}

/** Throws `DtlsMalformedError`. */
export function readCompressedCertificate(body: Uint8Array): CompressedCertificate {
  const reader = new ByteReader(body, 'CompressedCertificate');
  const certificate = { algorithm: reader.u16(), length: reader.u24(), data: reader.vector24(1) };
  reader.end();
  return certificate;
}

export function writeCompressedCertificate({ algorithm, length, data }: CompressedCertificate): Uint8Array {
  return new ByteWriter().u16(algorithm).u24(length).vector24(data).bytes();
}

/** compress_certificate (RFC 8879 3): the algorithms that the sender can undo. Throws `DtlsMalformedError`. */
export function readCompressionAlgorithms(bytes: Uint8Array): readonly number[] {
  const reader = new ByteReader(bytes, 'compress_certificate');
  const algorithms = readU16List(reader.vector8(2), 'compress_certificate');
  reader.end();
  return algorithms;
}

export function writeCompressionAlgorithms(algorithms: readonly number[]): Uint8Array {
  return new ByteWriter().vector8(u16List(algorithms)).bytes();
}
