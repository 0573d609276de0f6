import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  type Extension,
  type GeneralSubtree,
  KeyUsage,
  NameConstraints,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509';
import { CertificateError } from './errors.ts';
import { constraintBaseOf, type GeneralName, subjectAltNameOf } from './general-name.ts';
import { OID } from './oids.ts';
import { readDer } from './strict-der.ts';

/** The extensions that decide about a chain (RFC 5280 4.2.1). `undefined` where the certificate has none. */
export interface CertificateExtensions {
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number } | undefined;
  /** Whether a bit of keyUsage is set, by its number; absent, the extension restricts nothing. */
  readonly keyUsage: ((bit: number) => boolean) | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectAltNames: readonly GeneralName[];
  readonly nameConstraints:
    | { readonly permitted: readonly GeneralName[]; readonly excluded: readonly GeneralName[] }
    | undefined;
  /** Key identifiers in hex: hints on the way from a certificate to its issuer. */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  /** OIDs of critical extensions that we do not know. */
  readonly unknownCritical: readonly string[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const NO_EXTENSIONS: CertificateExtensions = {
  basicConstraints: undefined,
  keyUsage: undefined,
  extendedKeyUsage: undefined,
  subjectAltNames: [],
  nameConstraints: undefined,
  subjectKeyId: undefined,
  authorityKeyId: undefined,
  unknownCritical: [],
};

/** Throws `CertificateError` (`malformed`) when one of ours is not strict DER or stands twice. */
export function readExtensions(list: readonly Extension[]): CertificateExtensions {
  const out: Writable<CertificateExtensions> = { ...NO_EXTENSIONS };
  const seen = new Set<string>();
  for (const { extnID, critical, extnValue } of list) {
    // RFC 5280 4.2: no more than one instance of an extension.
    if (seen.has(extnID)) throw new CertificateError('malformed', `the certificate has the extension ${extnID} twice`);
    seen.add(extnID);
    const isKnown = readExtension(out, extnID, new Uint8Array(extnValue.buffer));
    if (critical && !isKnown) out.unknownCritical = [...out.unknownCritical, extnID];
  }
  return out;
}

/** False for an extension that we do not process. */
function readExtension(out: Writable<CertificateExtensions>, oid: string, value: Uint8Array): boolean {
  switch (oid) {
    case OID.basicConstraints:
      out.basicConstraints = readBasicConstraints(value);
      return true;
    case OID.keyUsage: {
      const bits = new Uint8Array(readDer(value, KeyUsage, 'keyUsage').value);
      out.keyUsage = (bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
      return true;
    }
    case OID.extendedKeyUsage:
      out.extendedKeyUsage = Array.from(readDer(value, ExtendedKeyUsage, 'extendedKeyUsage'));
      return true;
    case OID.subjectAltName:
      out.subjectAltNames = readDer(value, SubjectAlternativeName, 'subjectAltName').map(subjectAltNameOf);
      return true;
    case OID.nameConstraints: {
      const { permittedSubtrees = [], excludedSubtrees = [] } = readDer(value, NameConstraints, 'nameConstraints');
      out.nameConstraints = { permitted: permittedSubtrees.map(baseOf), excluded: excludedSubtrees.map(baseOf) };
      return true;
    }
    case OID.subjectKeyIdentifier:
      out.subjectKeyId = hex(readDer(value, SubjectKeyIdentifier, 'subjectKeyIdentifier').buffer);
      return true;
    case OID.authorityKeyIdentifier: {
      const { keyIdentifier } = readDer(value, AuthorityKeyIdentifier, 'authorityKeyIdentifier');
      out.authorityKeyId = keyIdentifier && hex(keyIdentifier.buffer);
      return true;
    }
    // RFC 5280 6.1.1 (c), (d): with any policy acceptable and none required, policies have no say.
    case OID.certificatePolicies:
      return true;
    default:
      return false;
  }
}

function readBasicConstraints(value: Uint8Array): { ca: boolean; pathLength: number } {
  // Widespread though not DER: an explicit cA FALSE.
  if (hex(value.slice().buffer) === '3003010100') return { ca: false, pathLength: Number.POSITIVE_INFINITY };
  const { cA, pathLenConstraint } = readDer(value, BasicConstraints, 'basicConstraints');
  // The parser gives long INTEGERs as text.
  const pathLength = pathLenConstraint === undefined ? Number.POSITIVE_INFINITY : Number(pathLenConstraint);
  if (!(pathLength >= 0)) throw new CertificateError('malformed', 'the certificate has a negative path length');
  return { ca: cA, pathLength };
}

function baseOf({ base, minimum, maximum }: GeneralSubtree): GeneralName {
  // RFC 5280 4.2.1.10: minimum is 0 and maximum absent, always.
  if (minimum !== 0 || maximum !== undefined) {
    throw new CertificateError('malformed', 'a name constraint has a minimum or a maximum');
  }
  return constraintBaseOf(base);
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
