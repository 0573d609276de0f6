/** Numbers of 0 to 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export function seededBytes(seed: number): (length: number) => Uint8Array {
  const random = seeded(seed);
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** All zero: the first Message ID is 0, tokens count from 1, and each wait is the shortest. */
export function zeroBytes(length: number): Uint8Array {
  return new Uint8Array(length);
}
