import type { KeyOrder, Members } from './members.ts';

/** The order of JSON names by Unicode code points: that of their UTF-8 bytes once escapes are resolved. */
export function nameOrder(members: Members): KeyOrder {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const name = (index: number): Uint8Array => {
    // The key's bytes end in a colon.
    const text: string = JSON.parse(decoder.decode(members.key(index).subarray(0, -1)));
    return encoder.encode(text);
  };
  return (a, b) => compareBytes(name(a), name(b));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}
