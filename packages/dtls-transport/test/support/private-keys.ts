import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { SignatureScheme } from '../../src/crypto/provider.ts';
import { fromHex } from './wycheproof.ts';

/** A new private key (PKCS#8, DER) that can sign the scheme. */
export function newPkcs8(scheme: SignatureScheme): Uint8Array {
  return pkcs8Of(newKey(scheme));
}

/** A private key in one of the forms of PKCS#8, with its public key, and what it can sign. */
export interface PrivateKeyForm {
  readonly form: string;
  readonly pkcs8: Uint8Array;
  readonly spki: Uint8Array;
  readonly schemes: readonly SignatureScheme[];
}

const SECRET = '1f'.repeat(32);
const P256_ALGORITHM = '301306072a8648ce3d020106082a8648ce3d030107';
const P256 = ['ecdsa_secp256r1_sha256'] as const;
const RSA = ['rsa_pss_rsae_sha256', 'rsa_pkcs1_sha256'] as const;

/** What OpenSSL, GnuTLS, Java and others write, and keys of kinds that no scheme is for. */
export const PRIVATE_KEYS: readonly PrivateKeyForm[] = [
  key('P-256 with its public key', P256, pkcs8Of(newKey('ecdsa_secp256r1_sha256'))),
  // RFC 5915 3: publicKey is optional.
  key('P-256 without its public key', P256, fromHex(`3041020100${P256_ALGORITHM}042730250201010420${SECRET}`)),
  key(
    'P-256 with its parameters twice',
    P256,
    fromHex(`304d020100${P256_ALGORITHM}043330310201010420${SECRET}a00a06082a8648ce3d030107`),
  ),
  // RFC 5958 2: attributes, here an empty set.
  key('P-256 with attributes', P256, fromHex(`3043020100${P256_ALGORITHM}042730250201010420${SECRET}a000`)),
  key('Ed25519', ['ed25519'], fromHex(`302e020100300506032b657004220420${SECRET}`)),
  key('RSA of 2048 bits', RSA, pkcs8Of(newKey('rsa_pkcs1_sha256'))),
  key('RSA of 1024 bits', [], pkcs8Of(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)),
  key('RSA for PSS alone', [], pkcs8Of(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey)),
  key('P-384', [], pkcs8Of(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)),
  key('secp256k1', [], pkcs8Of(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey)),
  key('X25519', [], pkcs8Of(generateKeyPairSync('x25519').privateKey)),
  key('Ed448', [], pkcs8Of(generateKeyPairSync('ed448').privateKey)),
];

function key(form: string, schemes: readonly SignatureScheme[], pkcs8: Uint8Array): PrivateKeyForm {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const spki = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
  return { form, pkcs8, spki, schemes };
}

function newKey(scheme: SignatureScheme): KeyObject {
  switch (scheme) {
    case 'ecdsa_secp256r1_sha256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  }
}

function pkcs8Of(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' }));
}
