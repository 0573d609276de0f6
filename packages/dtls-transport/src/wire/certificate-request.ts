import { ByteReader, readU16List } from './byte-reader.ts';

/** Checks a CertificateRequest (RFC 5246 7.4.4). We have no client certificates, so nothing in it matters. Throws `DtlsMalformedError`. */
export function checkCertificateRequest(body: Uint8Array): void {
  const reader = new ByteReader(body, 'CertificateRequest');
  reader.vector8(1);
  readU16List(reader.vector16(2), 'CertificateRequest signature algorithms');
  const authorities = new ByteReader(reader.vector16(), 'CertificateRequest authorities');
  reader.end();
  while (authorities.remaining > 0) authorities.vector16(1);
}
