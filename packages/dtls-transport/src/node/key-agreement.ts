import {
  createECDH,
  createPublicKey,
  diffieHellman,
  type ECDH,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  type X25519KeyPairOptions,
} from 'node:crypto';
import type { GroupName, KeyAgreement } from '../crypto/provider.ts';
import { base64url, plainBytes } from './bytes.ts';

/** The private key stays an object. Node's types do not know this form. */
const JWK = { publicKeyEncoding: { format: 'jwk' } } as unknown as X25519KeyPairOptions<'der', 'der'>;

/** A fresh ephemeral key of the group. */
export function generateKeyAgreement(group: GroupName): KeyAgreement {
  switch (group) {
    case 'x25519': {
      // In Node 20 an export of a key that was generated holds a lock which a garbage collection in the middle of it may want
      // too, for ever. So the public key comes with the generation.
      const { privateKey, publicKey } = generateKeyPairSync('x25519', JWK) as unknown as {
        readonly privateKey: KeyObject;
        readonly publicKey: JsonWebKey;
      };
      return x25519Agreement(privateKey, publicKey);
    }
    case 'secp256r1': {
      const ecdh = createECDH('prime256v1');
      ecdh.generateKeys();
      return p256Agreement(ecdh);
    }
  }
}

/** X25519 (RFC 7748 6.1). Raw keys pass as JWK, which costs a tenth of SubjectPublicKeyInfo. */
export function x25519Agreement(privateKey: KeyObject, { x }: JsonWebKey): KeyAgreement {
  return {
    group: 'x25519',
    publicKey: plainBytes(Buffer.from(x!, 'base64url')),
    agree(peer) {
      if (peer.length !== 32) return undefined;
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: base64url(peer) }, format: 'jwk' });
      try {
        return plainBytes(diffieHellman({ privateKey, publicKey }));
      } catch {
        return undefined; // RFC 8422 5.11: an all-zero result is refused; OpenSSL throws for it
      }
    },
  };
}

/** ECDH on P-256 (RFC 8422 5.10) with a key that `ecdh` holds already. */
export function p256Agreement(ecdh: ECDH): KeyAgreement {
  return {
    group: 'secp256r1',
    publicKey: plainBytes(ecdh.getPublicKey()),
    agree(peer) {
      // RFC 8422 5.1.2: only the uncompressed form; OpenSSL would also read compressed and hybrid points.
      if (peer.length !== 65 || peer[0] !== 0x04) return undefined;
      try {
        return plainBytes(ecdh.computeSecret(peer));
      } catch {
        return undefined; // RFC 8422 5.11: the point is not on the curve
      }
    },
  };
}
