import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type Extensions, readExtensionBlock } from './extensions.ts';

/** A certificate, or in its place a raw public key (RFC 7250 3), with its extensions. */
interface CertificateEntry {
  /** DER of an X.509 certificate or of a SubjectPublicKeyInfo. */
  readonly data: Uint8Array;
  readonly extensions: Extensions;
}

/** RFC 8446 4.4.2. */
export interface Certificate13 {
  /** Names the request that it answers; empty in the handshake. */
  readonly context: Uint8Array;
  /** The sender's own first. */
  readonly entries: readonly CertificateEntry[];
}

/** Throws `DtlsMalformedError`. */
export function readCertificate13(body: Uint8Array): Certificate13 {
  const reader = new ByteReader(body, 'Certificate');
  const context = reader.vector8();
  const list = new ByteReader(reader.vector24(), 'Certificate list');
  reader.end();
  const entries: CertificateEntry[] = [];
  while (list.remaining > 0) {
    entries.push({ data: list.vector24(1), extensions: readExtensionBlock(list, 'CertificateEntry') });
  }
  return { context, entries };
}

/** Writes entries without extensions. */
export function writeCertificate13(context: Uint8Array, certificates: readonly Uint8Array[]): Uint8Array {
  const list = new ByteWriter();
  for (const data of certificates) list.vector24(data).u16(0);
  return new ByteWriter().vector8(context).vector24(list.bytes()).bytes();
}

/** RFC 8446 4.3.1. Throws `DtlsMalformedError`. */
export function readEncryptedExtensions(body: Uint8Array): Extensions {
  const reader = new ByteReader(body, 'EncryptedExtensions');
  const extensions = readExtensionBlock(reader, 'EncryptedExtensions');
  reader.end();
  return extensions;
}
