import { ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { CertificateSignatureScheme, CryptoProvider, SignatureScheme, SigningKey } from '../crypto/provider.ts';
import { handshakeVerifier } from '../crypto/signature-scheme.ts';
import { curvePointOfSpki, ed25519KeyOfSpki, spkiOfEd25519, spkiOfP256 } from '../crypto/spki.ts';
import { CertificateError } from '../x509/errors.ts';
import { readPkcs8 } from './pkcs8.ts';

const CURVES = { secp256r1: p256, secp384r1: p384, secp521r1: p521 } as const;

/** Imports a PKCS#8 key (DER). Throws `CertificateError` for what is no private key of P-256 or Ed25519. */
export function importSigningKey(pkcs8: Uint8Array): SigningKey {
  const { kind, secret } = readPkcs8(pkcs8);
  if (kind === 'ed25519') return ed25519SigningKey(secret);
  if (!p256.utils.isValidSecretKey(secret)) throw new CertificateError('malformed', 'not a private key on P-256');
  return p256SigningKey(secret);
}

/** A P-256 signing key from its 32-byte secret. Its signatures are those of RFC 6979: no randomness can fail them. */
export function p256SigningKey(secret: Uint8Array): SigningKey {
  const spki = spkiOfP256(p256.getPublicKey(secret, false));
  return signingKey('ecdsa_secp256r1_sha256', spki, (data) => p256.sign(data, secret, { format: 'der', lowS: false }));
}

function ed25519SigningKey(secret: Uint8Array): SigningKey {
  return signingKey('ed25519', spkiOfEd25519(ed25519.getPublicKey(secret)), (data) => ed25519.sign(data, secret));
}

function signingKey(only: SignatureScheme, spki: Uint8Array, sign: (data: Uint8Array) => Uint8Array): SigningKey {
  return {
    schemes: [only],
    spki,
    sign(scheme, data) {
      if (scheme !== only) throw new RangeError(`this key signs ${only}, not ${scheme}`);
      return sign(data);
    },
  };
}

/** See `CryptoProvider.verify`. */
export const verifySignature: CryptoProvider['verify'] = handshakeVerifier(verifyCertificateSignature);

/** See `CryptoProvider.verifyCertificateSignature`. RSA does not verify: noble has none. */
export function verifyCertificateSignature(
  scheme: CertificateSignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    switch (scheme) {
      case 'ecdsa_sha256':
        return verifyEcdsa(spki, sha256(data), signature);
      case 'ecdsa_sha384':
        return verifyEcdsa(spki, sha384(data), signature);
      case 'ecdsa_sha512':
        return verifyEcdsa(spki, sha512(data), signature);
      case 'ed25519': {
        const key = ed25519KeyOfSpki(spki);
        // RFC 8032 5.1.7 as everyone checks it; ZIP 215 would take signatures and keys that others refuse.
        return key !== undefined && ed25519.verify(signature, data, key, { zip215: false });
      }
      default:
        return false;
    }
  } catch {
    return false; // noble throws for points off the curve and for signatures that it cannot read
  }
}

function verifyEcdsa(spki: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  const point = curvePointOfSpki(spki);
  if (point === undefined) return false;
  const publicKey = Uint8Array.of(0x04, ...point.x, ...point.y);
  // TLS knows no rule against the larger of the two values of s.
  return CURVES[point.curve].verify(signature, digest, publicKey, { prehash: false, format: 'der', lowS: false });
}
