import type { CryptoProvider } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { writeCertificateRequest13 } from '../wire/certificate-request-13.ts';
import { EXTENSION, writeExtensionBlock } from '../wire/extensions.ts';
import { writeNumbers } from '../wire/key-share.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';
import { PACKING_EXTENSION } from './certificate-packer.ts';
import { type CertificateTypeName, DEFAULT_CERTIFICATE_TYPES, writeCertificateType } from './certificate-types.ts';
import type { ClientOffer13 } from './client-offer-13.ts';
import type { ServerPolicy13 } from './server-handshake-13.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';

/**
 * The body of EncryptedExtensions: how we show ourselves and how the client is to do it, where it is asked; `ours` is the most content
 * that we take in a record.
 */
export function encryptedExtensions(
  { saysCertificateType, clientTypes, recordSizeLimit }: ClientOffer13,
  shown: CertificateTypeName | undefined,
  asked: CertificateTypeName | undefined,
  ours: number | undefined,
): Uint8Array {
  const extensions = new Map<number, Uint8Array>();
  // RFC 7250 4.2
  if (clientTypes !== undefined && asked !== undefined) {
    extensions.set(EXTENSION.clientCertificateType, writeCertificateType(asked));
  }
  if (saysCertificateType && shown !== undefined) {
    extensions.set(EXTENSION.serverCertificateType, writeCertificateType(shown));
  }
  if (recordSizeLimit !== undefined) {
    // RFC 8449 4: our answer tells the client that we keep to its limit; the type of the content counts.
    const limit = (ours ?? MAX_PLAINTEXT) + 1;
    extensions.set(EXTENSION.recordSizeLimit, Uint8Array.of(limit >> 8, limit));
  }
  return writeExtensionBlock(extensions);
}

/** The body of a CertificateRequest: all schemes that we can verify (RFC 8446 4.3.2), and whether we can unpack. */
export function certificateRequest(
  { signatureSchemes }: Pick<CryptoProvider, 'signatureSchemes'>,
  takesPacked: boolean,
): Uint8Array {
  const schemes = writeNumbers(signatureSchemes.map((scheme) => SCHEME_NUMBERS[scheme]));
  return writeCertificateRequest13({
    context: new Uint8Array(0),
    extensions: new Map([[EXTENSION.signatureAlgorithms, schemes], ...(takesPacked ? [PACKING_EXTENSION] : [])]),
  });
}

/** How a client is to show its key (RFC 7250 4.2); `undefined` when it is not asked to. Throws `DtlsPeerError`. */
export function askedType(
  { clientTypes = DEFAULT_CERTIFICATE_TYPES }: ClientOffer13,
  { clientCertificate, clientCertificateTypes: ours }: ServerPolicy13,
): CertificateTypeName | undefined {
  if (clientCertificate === undefined) return undefined;
  const type = clientTypes.find((one) => ours.includes(one));
  if (type !== undefined || clientCertificate === 'request') return type;
  throw new DtlsPeerError(
    'unsupported-certificate-type',
    ALERT.unsupported_certificate,
    'the client can show its key in no way that we take',
  );
}
