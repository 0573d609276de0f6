import { ByteReader, readU16List } from './byte-reader.ts';
import { ByteWriter, u16List } from './byte-writer.ts';

/** ClientCertificateType: RFC 5246 7.4.4, and RFC 8422 5.5, where `ecdsaSign` covers Ed25519 too. */
export const CERTIFICATE_TYPE = { rsaSign: 1, ecdsaSign: 64 } as const;

/** RFC 5246 7.4.4. The names of authorities are only hints, which we neither read nor send. */
export interface CertificateRequest {
  readonly certificateTypes: readonly number[];
  /** SignatureAndHashAlgorithms as numbers. */
  readonly signatureSchemes: readonly number[];
}

/** Throws `DtlsMalformedError`. */
export function readCertificateRequest(body: Uint8Array): CertificateRequest {
  const reader = new ByteReader(body, 'CertificateRequest');
  const certificateTypes = [...reader.vector8(1)];
  const signatureSchemes = readU16List(reader.vector16(2), 'CertificateRequest signature algorithms');
  const authorities = new ByteReader(reader.vector16(), 'CertificateRequest authorities');
  reader.end();
  while (authorities.remaining > 0) authorities.vector16(1);
  return { certificateTypes, signatureSchemes };
}

export function writeCertificateRequest({ certificateTypes, signatureSchemes }: CertificateRequest): Uint8Array {
  return new ByteWriter()
    .vector8(Uint8Array.from(certificateTypes))
    .vector16(u16List(signatureSchemes))
    .vector16(new Uint8Array(0))
    .bytes();
}
