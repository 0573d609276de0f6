import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** RFC 5246 7.4.8: the client's signature over all messages so far. */
export interface CertificateVerify {
  /** A SignatureAndHashAlgorithm as one number. */
  readonly signatureScheme: number;
  readonly signature: Uint8Array;
}

/** Throws `DtlsMalformedError`. */
export function readCertificateVerify(body: Uint8Array): CertificateVerify {
  const reader = new ByteReader(body, 'CertificateVerify');
  const verify = { signatureScheme: reader.u16(), signature: reader.vector16() };
  reader.end();
  return verify;
}

export function writeCertificateVerify({ signatureScheme, signature }: CertificateVerify): Uint8Array {
  return new ByteWriter().u16(signatureScheme).vector16(signature).bytes();
}
