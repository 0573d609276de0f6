/**
 * An ETag of 4 bytes for a body without one: MurmurHash3 (32 bits, seed 0). It tells versions of one resource apart
 * during a transfer (RFC 7959 section 2.4); it is no protection against somebody who looks for two bodies with the
 * same.
 */
export function contentETag(body: Uint8Array): Uint8Array {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const whole = body.length & ~3;
  let hash = 0;
  for (let i = 0; i < whole; i += 4) {
    hash ^= scramble(view.getUint32(i, true));
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let i = body.length - 1; i >= whole; i--) tail = (tail << 8) | body[i]!;
  hash ^= scramble(tail) ^ body.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  return Uint8Array.of(hash >>> 24, hash >>> 16, hash >>> 8, hash);
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
