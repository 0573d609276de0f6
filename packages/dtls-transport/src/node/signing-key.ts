import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { SignatureScheme, SigningKey } from '../crypto/provider.ts';
import { curvePointOfSpki } from '../crypto/spki.ts';
import { CertificateError } from '../x509/errors.ts';
import { plainBuffer, plainBytes } from './bytes.ts';
import { isUsableRsaKey } from './rsa-key.ts';

/** Imports a PKCS#8 key (DER). Throws `CertificateError` for what is no private key of P-256, Ed25519 or RSA. */
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
  const schemes = schemesOf(privateKey, spki);
  return {
    schemes,
    spki,
    sign(scheme, data) {
      if (!schemes.includes(scheme)) throw new RangeError(`this key signs ${schemes.join(' and ')}, not ${scheme}`);
      return plainBytes(signWith(scheme, data, privateKey));
    },
  };
}

function schemesOf(privateKey: KeyObject, spki: Uint8Array): readonly SignatureScheme[] {
  if (curvePointOfSpki(spki)?.curve === 'secp256r1') return ['ecdsa_secp256r1_sha256'];
  if (privateKey.asymmetricKeyType === 'ed25519') return ['ed25519'];
  if (isUsableRsaKey(privateKey)) return ['rsa_pss_rsae_sha256', 'rsa_pkcs1_sha256'];
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  const bits = details?.modulusLength;
  throw new CertificateError(
    'unsupported-key',
    `the private key is ${details?.namedCurve ?? (bits === undefined ? type : `${type} of ${bits} bits`)}, but only P-256 ` +
      '(prime256v1), Ed25519 and RSA of 2048 to 8192 bits are supported: make one with ' +
      '`openssl ecparam -name prime256v1 -genkey -noout`',
  );
}

function signWith(scheme: SignatureScheme, data: Uint8Array, key: KeyObject): Uint8Array {
  switch (scheme) {
    case 'ecdsa_secp256r1_sha256':
      return sign('sha256', data, key);
    case 'ed25519':
      return sign(null, data, key);
    case 'rsa_pss_rsae_sha256':
      return sign('sha256', data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'rsa_pkcs1_sha256':
      return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING });
  }
}
