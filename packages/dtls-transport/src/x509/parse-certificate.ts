import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, type TBSCertificate, Version } from '@peculiar/asn1-x509';
import type { CertificateSignatureScheme } from '../crypto/provider.ts';
import { type DistinguishedName, distinguishedNameOf } from './distinguished-name.ts';
import { CertificateError } from './errors.ts';
import { type CertificateExtensions, NO_EXTENSIONS, readExtensions } from './extensions.ts';
import { signatureSchemeOf } from './signature-algorithm.ts';
import { readDer } from './strict-der.ts';

/** What the rules of a chain look at. */
export interface ParsedCertificate {
  readonly der: Uint8Array;
  /** The signed bytes. */
  readonly tbs: Uint8Array;
  /** `undefined` for an algorithm that we do not take. */
  readonly signatureScheme: CertificateSignatureScheme | undefined;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** The issuer's Name in DER. */
  readonly issuerDer: Uint8Array;
  /** Unix milliseconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
  readonly extensions: CertificateExtensions;
}

/** Reads a certificate. Throws `CertificateError` (`malformed`) for anything that is not one in strict DER. */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  const {
    tbsCertificate: tbs,
    tbsCertificateRaw,
    signatureAlgorithm,
    signatureValue,
  } = readDer(der, Certificate, 'certificate');
  // RFC 5280 4.1.1.2: both fields name the same algorithm; only the inner one is signed.
  if (!tbs.signature.isEqual(signatureAlgorithm)) {
    throw new CertificateError('malformed', 'the certificate names two different signature algorithms');
  }
  return {
    der,
    tbs: new Uint8Array(tbsCertificateRaw!), // the parser always keeps it
    signatureScheme: signatureSchemeOf(signatureAlgorithm),
    signature: new Uint8Array(signatureValue),
    issuer: distinguishedNameOf(tbs.issuer),
    subject: distinguishedNameOf(tbs.subject),
    issuerDer: new Uint8Array(AsnConvert.serialize(tbs.issuer)),
    notBefore: tbs.validity.notBefore.getTime().getTime(),
    notAfter: tbs.validity.notAfter.getTime().getTime(),
    spki: new Uint8Array(AsnConvert.serialize(tbs.subjectPublicKeyInfo)),
    extensions: extensionsOf(tbs),
  };
}

/**
 * The SubjectPublicKeyInfo (DER) of a certificate, with nothing of it verified: for callers who skip verification or pin
 * keys. Throws `CertificateError` (`malformed`).
 */
export function subjectPublicKeyInfo(der: Uint8Array): Uint8Array {
  return parseCertificate(der).spki;
}

function extensionsOf(tbs: TBSCertificate): CertificateExtensions {
  if (tbs.extensions === undefined) return NO_EXTENSIONS;
  // RFC 5280 4.1.2.9: only version 3 has extensions.
  if (tbs.version !== Version.v3)
    throw new CertificateError('malformed', 'the certificate has extensions but is not version 3');
  return readExtensions(tbs.extensions);
}
