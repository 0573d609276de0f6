import type { CryptoProvider, SigningKey } from '../crypto/provider.ts';
import { curvePointOfSpki } from '../crypto/spki.ts';
import { DtlsRefusedError } from '../errors.ts';
import {
  bitString,
  booleanTrue,
  constructedContext,
  objectIdentifier,
  octetString,
  primitiveContext,
  sequence,
  set,
  time,
  unsignedInteger,
  utf8String,
} from './der-writer.ts';
import { parseIpAddress } from './ip-address.ts';
import { OID } from './oids.ts';

/** What a self-signed server certificate says. */
export interface SelfSignedCertificateOptions {
  /** The P-256 key that the certificate is for, and that signs it. */
  readonly key: SigningKey;
  /** For the key identifier's hash. */
  readonly crypto: Pick<CryptoProvider, 'hash'>;
  /** For people; names are checked against `dnsNames` and `ipAddresses` only. 1-64 characters. */
  readonly commonName: string;
  /** DNS names (ASCII; a left-most label `*` is a wildcard). */
  readonly dnsNames?: readonly string[];
  /** IPv4 and IPv6 addresses, without brackets or zone. */
  readonly ipAddresses?: readonly string[];
  /** Unix milliseconds, inclusive; cut to whole seconds. */
  readonly notBefore: number;
  /** Unix milliseconds, inclusive; cut to whole seconds. */
  readonly notAfter: number;
  /** 1-20 random bytes, 16 are right; the top bit is cleared (RFC 5280 4.1.2.2). */
  readonly serialNumber: Uint8Array;
}

const DNS_NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i;

/**
 * A certificate (DER) for a server that is its own root: P-256, ECDSA with SHA-256, version 3, not a CA. Whoever trusts
 * exactly this certificate can verify the server. Throws `DtlsRefusedError` (`bad-option`) for fields that no
 * certificate can carry.
 */
export function createSelfSignedCertificate(options: SelfSignedCertificateOptions): Uint8Array {
  const { key, crypto, commonName, dnsNames = [], ipAddresses = [], notBefore, notAfter, serialNumber } = options;
  if (commonName.length < 1 || commonName.length > 64) refuse('commonName takes 1 to 64 characters');
  if (dnsNames.length + ipAddresses.length === 0) refuse('a certificate needs a name in dnsNames or ipAddresses');
  if (!(notBefore <= notAfter)) refuse('notBefore must not be after notAfter');
  const positive = serialNumber.map((byte, index) => (index === 0 ? byte & 0x7f : byte));
  if (positive.length > 20 || positive.every((byte) => byte === 0))
    refuse('serialNumber takes 1 to 20 bytes, not all zero');
  const name = distinguishedName(commonName);
  return signCertificate(
    {
      serialNumber: positive,
      issuer: name,
      subject: name,
      notBefore,
      notAfter,
      spki: key.spki,
      // No keyUsage: without keyCertSign some verifiers do not see that it is its own issuer, and only a CA may have that.
      extensions: [
        extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(key.spki, crypto))),
        extension(OID.basicConstraints, sequence(), 'critical'),
        extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.serverAuth))),
        extension(OID.subjectAltName, subjectAltName(dnsNames, ipAddresses)),
      ],
    },
    key,
  );
}

/** The fields of TBSCertificate (RFC 5280 4.1), names and extensions encoded already. */
interface CertificateFields {
  readonly serialNumber: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** The certificate (DER) of these fields, signed by the issuer's key with ECDSA and SHA-256. */
function signCertificate(fields: CertificateFields, issuerKey: SigningKey): Uint8Array {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const tbs = sequence(
    constructedContext(0, unsignedInteger(Uint8Array.of(2))), // version 3
    unsignedInteger(fields.serialNumber),
    algorithm,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.spki,
    constructedContext(3, sequence(...fields.extensions)),
  );
  return sequence(tbs, algorithm, bitString(issuerKey.sign('ecdsa_secp256r1_sha256', tbs)));
}

/** A Name of one attribute, the common name. */
function distinguishedName(commonName: string): Uint8Array {
  return sequence(set(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
}

/** Extension (RFC 5280 4.1.2.9) around its DER value. */
function extension(oid: string, value: Uint8Array, critical?: 'critical'): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical ? [booleanTrue()] : []), octetString(value));
}

/** The first 160 bits of the SHA-256 of the public key's bits (RFC 7093 2, method 1). */
function keyIdentifier(spki: Uint8Array, crypto: Pick<CryptoProvider, 'hash'>): Uint8Array {
  const point = curvePointOfSpki(spki);
  if (point === undefined) return refuse('the key is not on a named curve');
  return crypto.hash('sha256', Uint8Array.of(0x04, ...point.x, ...point.y)).subarray(0, 20);
}

/** GeneralNames of subjectAltName (RFC 5280 4.2.1.6). */
function subjectAltName(dnsNames: readonly string[], ipAddresses: readonly string[]): Uint8Array {
  return sequence(
    ...dnsNames.map((name) => {
      if (!DNS_NAME.test(name)) refuse(`"${name}" is not a DNS name in ASCII`);
      return primitiveContext(2, new TextEncoder().encode(name));
    }),
    ...ipAddresses.map((address) => {
      return primitiveContext(7, parseIpAddress(address) ?? refuse(`"${address}" is not an IP address`));
    }),
  );
}

function refuse(message: string): never {
  throw new DtlsRefusedError('bad-option', message);
}
