import { isObject, type Json, type JsonObject } from '../json.ts';

/** What a cross-signing key is for. */
export const CROSS_SIGNING_USAGES = ['master', 'self_signing', 'user_signing'] as const;

/** {@link CROSS_SIGNING_USAGES} */
export type CrossSigningUsage = (typeof CROSS_SIGNING_USAGES)[number];

/** A signature that a user made by `/keys/signatures/upload`. */
export interface KeySignature {
  /** Whose key is signed. */
  readonly target: string;
  /** The id of the device, or the public part of the cross-signing key. */
  readonly keyId: string;
  /** What signed: `ed25519:...`. */
  readonly by: string;
  readonly signature: Json;
  /** Stream position. */
  readonly position: number;
}

/** The public part of a cross-signing key: its `keys` have exactly one member. */
export function publicPart({ keys }: JsonObject): string | undefined {
  const [first] = Object.values(isObject(keys) ? keys : {});
  return typeof first === 'string' ? first : undefined;
}

/** A key with signatures added to its own. */
export function withSignatures(
  key: JsonObject,
  signer: string,
  signatures: readonly KeySignature[],
  keyId: string | undefined,
): JsonObject {
  const added = signatures.filter((signature) => signature.keyId === keyId);
  if (added.length === 0) return key;
  const known = isObject(key.signatures) ? key.signatures : {};
  const ofSigner = isObject(known[signer]) ? known[signer] : {};
  const more = Object.fromEntries(added.map(({ by, signature }) => [by, signature]));
  return { ...key, signatures: { ...known, [signer]: { ...ofSigner, ...more } } };
}
