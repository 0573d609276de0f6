import { constants, type KeyObject, sign } from 'node:crypto';
import type { SigningKey } from '../../src/crypto/provider.ts';
import { p256SigningKey } from '../../src/noble/signatures.ts';
import {
  bitString,
  booleanTrue,
  constructedContext,
  element,
  objectIdentifier,
  octetString,
  primitiveContext,
  sequence,
  set,
  time,
  unsignedInteger,
  utf8String,
} from '../../src/x509/der-writer.ts';
import { parseIpAddress } from '../../src/x509/ip-address.ts';
import { OID } from '../../src/x509/oids.ts';
import { seededBytes } from './deterministic-provider.ts';

/** A certificate and what it takes to issue others with it. Nothing here checks that it makes sense: tests want nonsense. */
export interface Issued {
  readonly der: Uint8Array;
  readonly name: Uint8Array;
  readonly signer: Signer;
}

/** A key with an algorithm for signing certificates. */
export interface Signer {
  readonly spki: Uint8Array;
  /** AlgorithmIdentifier (DER). */
  readonly algorithm: Uint8Array;
  sign(tbs: Uint8Array): Uint8Array;
}

export interface IssueOptions {
  /** A common name, or a whole Name in DER. */
  readonly subject?: string | Uint8Array;
  /** Itself when absent. */
  readonly issuer?: Issued;
  readonly signer?: Signer;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly extensions?: readonly Uint8Array[];
  readonly version?: 1 | 3;
  /** What the signed part says of the signature, where that is not the truth. */
  readonly innerAlgorithm?: Uint8Array;
}

/** The time for which the certificates of tests are made. */
export const NOW: number = Date.parse('2026-06-01T12:00:00Z');
export const DAY = 86_400_000;

let issuedCount = 0;

export function issue(options: IssueOptions = {}): Issued {
  const { subject = 'peer', extensions = [], version = 3, notBefore = NOW - DAY, notAfter = NOW + DAY } = options;
  const signer = options.signer ?? p256Signer(`key ${issuedCount}`);
  const name = typeof subject === 'string' ? nameOf({ [OID.commonName]: subject }) : subject;
  const issuer = options.issuer ?? { name, signer };
  const algorithm = issuer.signer.algorithm;
  const tbs = sequence(
    ...(version === 3 ? [constructedContext(0, unsignedInteger(Uint8Array.of(2)))] : []),
    unsignedInteger(Uint8Array.of(1, ++issuedCount >> 8, issuedCount & 0xff)),
    options.innerAlgorithm ?? algorithm,
    issuer.name,
    sequence(time(notBefore), time(notAfter)),
    name,
    signer.spki,
    ...(extensions.length > 0 ? [constructedContext(3, sequence(...extensions))] : []),
  );
  return { der: sequence(tbs, algorithm, bitString(issuer.signer.sign(tbs))), name, signer };
}

/** A root or, with an issuer, an intermediate CA. */
export function issueCa(options: IssueOptions = {}): Issued {
  return issue({ subject: 'Test CA', extensions: [basicConstraints({ ca: true })], ...options });
}

/** A Name of one attribute to a relative name. */
export function nameOf(attributes: Readonly<Record<string, string>>, encode = utf8String): Uint8Array {
  return sequence(
    ...Object.entries(attributes).map(([oid, value]) => set(sequence(objectIdentifier(oid), encode(value)))),
  );
}

export function printableString(text: string): Uint8Array {
  return element(0x13, new TextEncoder().encode(text));
}

/** ECDSA on P-256 with SHA-256; the key and all signatures follow from the seed. */
export function p256Signer(seed: string): Signer {
  return signerOf(p256SigningKey(seededBytes(`signer ${seed}`)(32)));
}

function signerOf(key: SigningKey): Signer {
  return {
    spki: key.spki,
    algorithm: sequence(objectIdentifier(OID.ecdsaWithSha256)),
    sign: (tbs) => key.sign('ecdsa_secp256r1_sha256', tbs),
  };
}

/** Any key of node:crypto; `algorithm` says how the certificate calls it. */
export function nodeSigner(
  { privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  algorithm: Uint8Array,
  hash: string | null,
  pssSaltLength?: number,
): Signer {
  const key =
    pssSaltLength === undefined
      ? privateKey
      : { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pssSaltLength };
  return {
    spki: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })),
    algorithm,
    sign: (tbs) => new Uint8Array(sign(hash, tbs, key)),
  };
}

type Critical = 'critical' | undefined;

export function extension(oid: string, value: Uint8Array, critical?: Critical): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical ? [booleanTrue()] : []), octetString(value));
}

export function basicConstraints(fields: { ca: boolean; pathLength?: number }): Uint8Array {
  const { ca, pathLength } = fields;
  const value = sequence(
    ...(ca ? [booleanTrue()] : []),
    ...(pathLength === undefined ? [] : [unsignedInteger(Uint8Array.of(pathLength))]),
  );
  return extension(OID.basicConstraints, value, 'critical');
}

/** Bits by number: 0 digitalSignature, 2 keyEncipherment, 4 keyAgreement, 5 keyCertSign, 6 cRLSign. */
export function keyUsage(...bits: readonly number[]): Uint8Array {
  return extension(OID.keyUsage, namedBits(...bits), 'critical');
}

/** A BIT STRING of named bits ends with the last one that is set (X.690 11.2.2). */
function namedBits(...bits: readonly number[]): Uint8Array {
  const highest = Math.max(...bits);
  const bytes = new Uint8Array((highest >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  return element(0x03, Uint8Array.of(7 - (highest & 7)), bytes);
}

export function extendedKeyUsage(...oids: readonly string[]): Uint8Array {
  return extension(OID.extendedKeyUsage, sequence(...oids.map(objectIdentifier)));
}

export function subjectAltName(...names: readonly Uint8Array[]): Uint8Array {
  return extension(OID.subjectAltName, sequence(...names));
}

export function nameConstraints(
  fields: { permitted?: readonly Uint8Array[]; excluded?: readonly Uint8Array[] },
  critical: Critical = 'critical',
): Uint8Array {
  const subtrees = (tag: number, names: readonly Uint8Array[] | undefined): Uint8Array[] =>
    names === undefined ? [] : [constructedContext(tag, ...names.map((name) => sequence(name)))];
  const value = sequence(...subtrees(0, fields.permitted), ...subtrees(1, fields.excluded));
  return extension(OID.nameConstraints, value, critical);
}

export function subjectKeyId(...id: readonly number[]): Uint8Array {
  return extension(OID.subjectKeyIdentifier, octetString(Uint8Array.from(id)));
}

export function authorityKeyId(...id: readonly number[]): Uint8Array {
  return extension(OID.authorityKeyIdentifier, sequence(primitiveContext(0, Uint8Array.from(id))));
}

/** GeneralNames. `ip` takes an address, or `address/mask` for constraints. */
export const general = {
  dns: (name: string): Uint8Array => primitiveContext(2, new TextEncoder().encode(name)),
  email: (name: string): Uint8Array => primitiveContext(1, new TextEncoder().encode(name)),
  uri: (name: string): Uint8Array => primitiveContext(6, new TextEncoder().encode(name)),
  ip: (text: string): Uint8Array =>
    primitiveContext(7, Uint8Array.from(text.split('/').flatMap((part) => [...parseIpAddress(part)!]))),
  directory: (name: Uint8Array): Uint8Array => constructedContext(4, name),
  other: (oid: string, value: Uint8Array): Uint8Array =>
    constructedContext(0, objectIdentifier(oid), constructedContext(0, value)),
} as const;
