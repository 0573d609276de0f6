import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { CertificateSignatureScheme, CryptoProvider } from '../crypto/provider.ts';
import { handshakeVerifier } from '../crypto/signature-scheme.ts';
import { type CurveName, curvePointOfSpki, ed25519KeyOfSpki } from '../crypto/spki.ts';
import { base64url, plainBuffer } from './bytes.ts';
import { isUsableRsaKey } from './rsa-key.ts';

const JWK_CURVES: Readonly<Record<CurveName, string>> = { secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** See `CryptoProvider.verify`. */
export const verifySignature: CryptoProvider['verify'] = handshakeVerifier(verifyCertificateSignature);

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
      const key = ed25519Key(spki);
      return key !== undefined && verify(null, data, key, signature);
    }
  }
}

/** `rsa_pss_sha384` -> `sha384`: every scheme but Ed25519 ends in its hash. */
function hashOf(scheme: CertificateSignatureScheme): string {
  return scheme.slice(-'sha256'.length);
}

/** By JWK, as Ed25519 below: two thirds of the time that SubjectPublicKeyInfo takes. */
function curveKey(spki: Uint8Array): KeyObject | undefined {
  const point = curvePointOfSpki(spki);
  if (point === undefined) return undefined;
  const { curve, x, y } = point;
  return createPublicKey({
    key: { kty: 'EC', crv: JWK_CURVES[curve], x: base64url(x), y: base64url(y) },
    format: 'jwk',
  });
}

function ed25519Key(spki: Uint8Array): KeyObject | undefined {
  const x = ed25519KeyOfSpki(spki);
  if (x === undefined) return undefined;
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(x) }, format: 'jwk' });
}

function rsaKey(spki: Uint8Array): KeyObject | undefined {
  const key = createPublicKey({ key: plainBuffer(spki), format: 'der', type: 'spki' });
  return isUsableRsaKey(key) ? key : undefined;
}
