import { generateKeyPairSync } from 'node:crypto';
import { issue, issueCa, nodeSigner, type Signer } from '../support/certificate-maker.ts';
import { fromHex } from '../support/wycheproof.ts';
import type { PathCase } from './path-cases.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');

/** AlgorithmIdentifiers as the CA/Browser Forum's Baseline Requirements 7.1.3.2 and RFC 8410 write them. */
const ALGORITHM = {
  rsaSha1: '300d06092a864886f70d0101050500',
  rsaSha256: '300d06092a864886f70d01010b0500',
  rsaSha256WithoutNull: '300b06092a864886f70d01010b',
  rsaSha256WithOctets: '300d06092a864886f70d01010b0400',
  rsaSha384: '300d06092a864886f70d01010c0500',
  rsaSha512: '300d06092a864886f70d01010d0500',
  pssSha256:
    '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
  pssSha384:
    '304106092a864886f70d01010a3034a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130',
  pssSha512:
    '304106092a864886f70d01010a3034a00f300d06096086480165030402030500a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140',
  pssSha256Salt20:
    '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020114',
  ecdsaSha256: '300a06082a8648ce3d040302',
  ecdsaSha384: '300a06082a8648ce3d040303',
  ecdsaSha512: '300a06082a8648ce3d040304',
  ed25519: '300506032b6570',
} as const;

function signedWith(signer: Signer): Pick<PathCase, 'chain' | 'roots'> {
  const ca = issueCa({ subject: 'CA', signer });
  return { chain: [issue({ issuer: ca })], roots: [ca] };
}

type Keys = Parameters<typeof nodeSigner>[0];

function by(
  keys: Keys,
  algorithm: keyof typeof ALGORITHM,
  hash: string | null,
  salt?: number,
): Pick<PathCase, 'chain' | 'roots'> {
  return signedWith(nodeSigner(keys, fromHex(ALGORITHM[algorithm]), hash, salt));
}

export const signatureCases: readonly PathCase[] = [
  { name: 'RSA with SHA-256', ...by(rsa, 'rsaSha256', 'sha256') },
  { name: 'RSA with SHA-256, its NULL left out', ...by(rsa, 'rsaSha256WithoutNull', 'sha256') },
  {
    name: 'RSA with SHA-256 and something for NULL',
    ...by(rsa, 'rsaSha256WithOctets', 'sha256'),
    reason: 'unsupported-signature-algorithm',
    opensslDiffers: 'it passes over parameters',
  },
  { name: 'RSA with SHA-384', ...by(rsa, 'rsaSha384', 'sha384') },
  { name: 'RSA with SHA-512', ...by(rsa, 'rsaSha512', 'sha512') },
  { name: 'RSASSA-PSS with SHA-256', ...by(rsa, 'pssSha256', 'sha256', 32) },
  { name: 'RSASSA-PSS with SHA-384', ...by(rsa, 'pssSha384', 'sha384', 48) },
  { name: 'RSASSA-PSS with SHA-512', ...by(rsa, 'pssSha512', 'sha512', 64) },
  {
    name: 'RSASSA-PSS with a shorter salt',
    ...by(rsa, 'pssSha256Salt20', 'sha256', 20),
    reason: 'unsupported-signature-algorithm',
    opensslDiffers: 'it takes any salt',
  },
  { name: 'RSA with SHA-1', ...by(rsa, 'rsaSha1', 'sha1'), reason: 'unsupported-signature-algorithm' },
  { name: 'RSA of 1024 bits', ...by(shortRsa, 'rsaSha256', 'sha256'), reason: 'bad-signature' },
  { name: 'P-256 with SHA-384', ...by(p256, 'ecdsaSha384', 'sha384') },
  { name: 'P-384 with SHA-384', ...by(p384, 'ecdsaSha384', 'sha384') },
  { name: 'P-384 with SHA-256', ...by(p384, 'ecdsaSha256', 'sha256') },
  { name: 'P-521 with SHA-512', ...by(p521, 'ecdsaSha512', 'sha512') },
  { name: 'Ed25519', ...by(ed25519, 'ed25519', null) },
  { name: "an algorithm that is not the signature's", ...by(p384, 'ecdsaSha384', 'sha256'), reason: 'bad-signature' },
  { name: "an algorithm that is not the key's", ...by(p256, 'rsaSha256', 'sha256'), reason: 'bad-signature' },
];
