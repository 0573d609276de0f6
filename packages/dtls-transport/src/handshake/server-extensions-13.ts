import type { CryptoProvider } from '../crypto/provider.ts';
import { writeCertificateRequest13 } from '../wire/certificate-request-13.ts';
import { EXTENSION, writeExtensionBlock } from '../wire/extensions.ts';
import { writeNumbers } from '../wire/key-share.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';
import { writeCertificateType } from './certificate-types.ts';
import type { ClientOffer13 } from './client-offer-13.ts';
import type { OwnProof } from './own-proof-13.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';

/** The body of EncryptedExtensions; `proof` is how we show ourselves, `ours` the most content that we take in a record. */
export function encryptedExtensions(
  { saysCertificateType, recordSizeLimit }: ClientOffer13,
  proof: OwnProof | undefined,
  ours: number | undefined,
): Uint8Array {
  const extensions = new Map<number, Uint8Array>();
  // RFC 7250 4.2
  if (saysCertificateType && proof !== undefined) {
    extensions.set(EXTENSION.serverCertificateType, writeCertificateType(proof.certificateType));
  }
  if (recordSizeLimit !== undefined) {
    // RFC 8449 4: our answer tells the client that we keep to its limit; the type of the content counts.
    const limit = (ours ?? MAX_PLAINTEXT) + 1;
    extensions.set(EXTENSION.recordSizeLimit, Uint8Array.of(limit >> 8, limit));
  }
  return writeExtensionBlock(extensions);
}

/** The body of a CertificateRequest: all schemes that we can verify (RFC 8446 4.3.2). */
export function certificateRequest({ signatureSchemes }: Pick<CryptoProvider, 'signatureSchemes'>): Uint8Array {
  const schemes = writeNumbers(signatureSchemes.map((scheme) => SCHEME_NUMBERS[scheme]));
  return writeCertificateRequest13({
    context: new Uint8Array(0),
    extensions: new Map([[EXTENSION.signatureAlgorithms, schemes]]),
  });
}
