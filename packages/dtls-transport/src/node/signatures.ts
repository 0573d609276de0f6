import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { CertificateSignatureScheme, SignatureScheme, SigningKey } from '../crypto/provider.ts';
import { type CurveName, curvePointOfSpki } from '../crypto/spki.ts';
import { CertificateError } from '../x509/errors.ts';
import { base64url, plainBytes } from './bytes.ts';

const MIN_RSA_BITS = 2048;

const JWK_CURVES: Readonly<Record<CurveName, string>> = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** Imports a PKCS#8 key (DER). Throws `CertificateError` for what is not a private key on P-256. */
export function importSigningKey(pkcs8: Uint8Array): SigningKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: plainBuffer(pkcs8), format: 'der', type: 'pkcs8' });
  } catch {
    throw new CertificateError('malformed', 'not a private key in PKCS#8 (DER)');
  }
  return signingKey(privateKey);
}

/** A fresh P-256 signing key, and the same as PKCS#8 (DER) to keep in a file. */
export function generateSigningKey(): { readonly key: SigningKey; readonly pkcs8: Uint8Array } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: signingKey(privateKey), pkcs8: plainBytes(privateKey.export({ format: 'der', type: 'pkcs8' })) };
}

function signingKey(privateKey: KeyObject): SigningKey {
  const spki = plainBytes(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
  if (curvePointOfSpki(spki)?.curve !== 'secp256r1') {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
    throw new CertificateError(
      'unsupported-key',
      `the private key is ${details?.namedCurve ?? type}, but only P-256 (prime256v1) is supported: make one with ` +
        '`openssl ecparam -name prime256v1 -genkey -noout`',
    );
  }
  return {
    schemes: ['ecdsa_secp256r1_sha256'],
    spki,
    sign(scheme, data) {
      if (scheme !== 'ecdsa_secp256r1_sha256') throw new RangeError(`a P-256 key does not sign ${scheme}`);
      return plainBytes(sign('sha256', data, privateKey));
    },
  };
}

/** See `CryptoProvider.verify`. */
export function verifySignature(
  scheme: SignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  // RFC 8446 4.2.3: the scheme names the curve, so the key's curve must be that one.
  if (scheme !== 'ecdsa_secp256r1_sha256' || curvePointOfSpki(spki)?.curve !== 'secp256r1') return false;
  return verifyCertificateSignature('ecdsa_sha256', spki, data, signature);
}

/** See `CryptoProvider.verifyCertificateSignature`. */
export function verifyCertificateSignature(
  scheme: CertificateSignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verifyWith(scheme, spki, data, signature);
  } catch {
    return false; // OpenSSL throws for points off the curve and for keys that it cannot read
  }
}

function verifyWith(
  scheme: CertificateSignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (scheme) {
    case 'ecdsa_sha256':
    case 'ecdsa_sha384':
    case 'ecdsa_sha512': {
      const key = curveKey(spki);
      return key !== undefined && verify(hashOf(scheme), data, { key, dsaEncoding: 'der' }, signature);
    }
    case 'rsa_pkcs1_sha256':
    case 'rsa_pkcs1_sha384':
    case 'rsa_pkcs1_sha512': {
      const key = rsaKey(spki);
      return (
        key !== undefined && verify(hashOf(scheme), data, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
      );
    }
    case 'rsa_pss_sha256':
    case 'rsa_pss_sha384':
    case 'rsa_pss_sha512': {
      const key = rsaKey(spki);
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      return key !== undefined && verify(hashOf(scheme), data, { key, ...pss }, signature);
    }
    case 'ed25519': {
      const key = spkiKey(spki);
      return key.asymmetricKeyType === 'ed25519' && verify(null, data, key, signature);
    }
  }
}

/** `rsa_pss_sha384` -> `sha384`: every scheme but Ed25519 ends in its hash. */
function hashOf(scheme: CertificateSignatureScheme): string {
  return scheme.slice(-'sha256'.length);
}

/** By JWK: two thirds of the time that SubjectPublicKeyInfo takes. */
function curveKey(spki: Uint8Array): KeyObject | undefined {
  const point = curvePointOfSpki(spki);
  if (point === undefined) return undefined;
  const { curve, x, y } = point;
  return createPublicKey({
    key: { kty: 'EC', crv: JWK_CURVES[curve], x: base64url(x), y: base64url(y) },
    format: 'jwk',
  });
}

function rsaKey(spki: Uint8Array): KeyObject | undefined {
  const key = spkiKey(spki);
  const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  return bits >= MIN_RSA_BITS ? key : undefined;
}

function spkiKey(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: plainBuffer(spki), format: 'der', type: 'spki' });
}

/** `node:crypto` takes DER only as Buffer. */
function plainBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
