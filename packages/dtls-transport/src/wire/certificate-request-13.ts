import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Extensions, readExtensionBlock, writeExtensionBlock } from './extensions.ts';

/** RFC 8446 4.3.2. */
export interface CertificateRequest13 {
  /** Comes back in the answer; empty in the handshake. */
  readonly context: Uint8Array;
  readonly extensions: Extensions;
}

/** Throws `DtlsMalformedError`. */
export function readCertificateRequest13(body: Uint8Array): CertificateRequest13 {
  const reader = new ByteReader(body, 'CertificateRequest');
  const request = { context: reader.vector8(), extensions: readExtensionBlock(reader, 'CertificateRequest') };
  reader.end();
  return request;
}

export function writeCertificateRequest13({ context, extensions }: CertificateRequest13): Uint8Array {
  return new ByteWriter().vector8(context).raw(writeExtensionBlock(extensions)).bytes();
}
