import type { SignatureScheme, SigningKey } from '../crypto/provider.ts';
import { concatBytes } from '../wire/bytes.ts';
import { writeCertificateVerify } from '../wire/certificate-verify.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';
import type { Transcript13 } from './transcript-13.ts';

const PADDING = new Uint8Array(64).fill(0x20);

/** What a CertificateVerify signs (RFC 8446 4.4.3). */
export function signedContent(signer: 'client' | 'server', transcriptHash: Uint8Array): Uint8Array {
  const context = new TextEncoder().encode(`TLS 1.3, ${signer} CertificateVerify`);
  return concatBytes([PADDING, context, Uint8Array.of(0), transcriptHash]);
}

/** Those that may sign a CertificateVerify: of PKCS #1 there are only signatures in certificates (RFC 8446 4.2.3). */
export function signingSchemes13(schemes: readonly SignatureScheme[]): readonly SignatureScheme[] {
  return schemes.filter((scheme) => scheme !== 'rsa_pkcs1_sha256');
}

/** The first of our key's schemes that the peer takes. */
export function commonScheme13(
  ours: readonly SignatureScheme[],
  theirs: readonly number[],
): SignatureScheme | undefined {
  return signingSchemes13(ours).find((scheme) => theirs.includes(SCHEME_NUMBERS[scheme]));
}

/** The body of a CertificateVerify over a handshake so far. */
export function signedVerify(
  key: SigningKey,
  scheme: SignatureScheme,
  signer: 'client' | 'server',
  transcript: Transcript13,
): Uint8Array {
  const signature = key.sign(scheme, signedContent(signer, transcript.hash()));
  return writeCertificateVerify({ signatureScheme: SCHEME_NUMBERS[scheme], signature });
}
