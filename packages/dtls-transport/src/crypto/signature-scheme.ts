import type { CertificateSignatureScheme, CryptoProvider, SignatureScheme } from './provider.ts';
import { curvePointOfSpki } from './spki.ts';

/**
 * The algorithm of a handshake's signature by the name that certificates use; `undefined` when the scheme is for keys of
 * another kind. That RSA schemes take RSA keys, and Ed25519 an Ed25519 key, the algorithm itself sees to.
 */
export function certificateSchemeFor(
  scheme: SignatureScheme,
  spki: Uint8Array,
): CertificateSignatureScheme | undefined {
  switch (scheme) {
    case 'ecdsa_secp256r1_sha256':
      // RFC 8446 4.2.3: the scheme names the curve, so the key's curve must be that one.
      return curvePointOfSpki(spki)?.curve === 'secp256r1' ? 'ecdsa_sha256' : undefined;
    case 'ed25519':
      return 'ed25519';
    case 'rsa_pss_rsae_sha256':
      return 'rsa_pss_sha256';
    case 'rsa_pkcs1_sha256':
      return 'rsa_pkcs1_sha256';
  }
}

/** A provider's `verify`, made of its `verifyCertificateSignature`. */
export function handshakeVerifier(verify: CryptoProvider['verifyCertificateSignature']): CryptoProvider['verify'] {
  return (scheme, spki, data, signature) => {
    const algorithm = certificateSchemeFor(scheme, spki);
    return algorithm !== undefined && verify(algorithm, spki, data, signature);
  };
}
