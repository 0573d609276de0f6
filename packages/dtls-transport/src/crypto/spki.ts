/**
 * SubjectPublicKeyInfo of keys on named curves (RFC 5480 2, RFC 8410 4): a fixed prefix, then the key. Matching the whole
 * prefix binds a key to its curve; explicit curve parameters, compressed points and odd encodings never match.
 */

/** Curves whose keys verify ECDSA signatures, by their names in RFC 8422 5.1.1. */
export type CurveName = 'secp256r1' | 'secp384r1' | 'secp521r1';

/** The point of an elliptic-curve key: `x` and `y` are as long as the curve's field. */
export interface CurvePoint {
  readonly curve: CurveName;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

const UNCOMPRESSED = 0x04;

const P256_PREFIX = hex('3059301306072a8648ce3d020106082a8648ce3d030107034200');
const ED25519_PREFIX = hex('302a300506032b6570032100');
const ED25519_KEY_LENGTH = 32;

const CURVES: readonly { readonly curve: CurveName; readonly prefix: Uint8Array; readonly fieldLength: number }[] = [
  { curve: 'secp256r1', prefix: P256_PREFIX, fieldLength: 32 },
  { curve: 'secp384r1', prefix: hex('3076301006072a8648ce3d020106052b81040022036200'), fieldLength: 48 },
  { curve: 'secp521r1', prefix: hex('30819b301006072a8648ce3d020106052b8104002303818600'), fieldLength: 66 },
];

/** The point in an SPKI (DER), or `undefined` when it is not the plain encoding of a key on one of our curves. */
export function curvePointOfSpki(spki: Uint8Array): CurvePoint | undefined {
  for (const { curve, prefix, fieldLength } of CURVES) {
    if (spki.length !== prefix.length + 1 + 2 * fieldLength || spki[prefix.length] !== UNCOMPRESSED) continue;
    if (!startsWith(spki, prefix)) continue;
    const x = prefix.length + 1;
    return { curve, x: spki.subarray(x, x + fieldLength), y: spki.subarray(x + fieldLength) };
  }
  return undefined;
}

/** The 32-byte key in an SPKI (DER), or `undefined` when it is not that of an Ed25519 key (RFC 8410 4). */
export function ed25519KeyOfSpki(spki: Uint8Array): Uint8Array | undefined {
  const isEd25519 = spki.length === ED25519_PREFIX.length + ED25519_KEY_LENGTH && startsWith(spki, ED25519_PREFIX);
  return isEd25519 ? spki.subarray(ED25519_PREFIX.length) : undefined;
}

/** The SPKI of a P-256 key from its uncompressed point of 65 bytes. */
export function spkiOfP256(point: Uint8Array): Uint8Array {
  return Uint8Array.of(...P256_PREFIX, ...point);
}

/** The SPKI of an Ed25519 key from its 32 bytes. */
export function spkiOfEd25519(key: Uint8Array): Uint8Array {
  return Uint8Array.of(...ED25519_PREFIX, ...key);
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}

function hex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  );
}
