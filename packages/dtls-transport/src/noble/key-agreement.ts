import { x25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import type { GroupName, KeyAgreement } from '../crypto/provider.ts';
import type { RandomBytes } from '../handshake/handshake.ts';

/** A fresh ephemeral key of the group. */
export function generateKeyAgreement(group: GroupName, randomBytes: RandomBytes): KeyAgreement {
  // FIPS 186-5 A.2.1: 48 bytes for a scalar of 32, so that reducing them leaves no bias to speak of.
  return keyAgreement(group, group === 'x25519' ? randomBytes(32) : p256.utils.randomSecretKey(randomBytes(48)));
}

/** Key agreement with a given private key of 32 bytes. */
export function keyAgreement(group: GroupName, secret: Uint8Array): KeyAgreement {
  switch (group) {
    case 'x25519':
      return {
        group,
        publicKey: x25519.getPublicKey(secret),
        // RFC 8422 5.11: an all-zero result is refused; noble throws for it.
        agree: (peer) => (peer.length === 32 ? unlessThrown(() => x25519.getSharedSecret(secret, peer)) : undefined),
      };
    case 'secp256r1':
      return {
        group,
        publicKey: p256.getPublicKey(secret, false),
        agree(peer) {
          // RFC 8422 5.1.2: only the uncompressed form.
          if (peer.length !== 65 || peer[0] !== 0x04) return undefined;
          // RFC 8422 5.10: the secret is the x coordinate.
          return unlessThrown(() => p256.getSharedSecret(secret, peer).slice(1));
        },
      };
  }
}

/** noble throws for keys of the peer that are invalid. */
function unlessThrown(compute: () => Uint8Array): Uint8Array | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
