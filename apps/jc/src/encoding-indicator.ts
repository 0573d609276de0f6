import { floatOf, type Head } from './cbor-head.ts';

/**
 * How an item was encoded, if not in the preferred way (RFC 8949 8.1 and 4.1): `_` for an indefinite length, `_0` to `_3`
 * for a head of 1, 2, 4 or 8 bytes more where fewer would do, or else nothing.
 */
export function encodingIndicator(head: Head): string {
  if (head.indefinite) return '_';
  const log2 = Math.log2(head.size - 1);
  return log2 >= 0 && !isPreferred(head) ? `_${log2}` : '';
}

function isPreferred(head: Head): boolean {
  const { kind, size, argument } = head;
  // A simple value beyond 23 has one form only.
  if (kind === 'simple') return true;
  if (kind === 'float') return size === 3 || !fitsShorter(head);
  return argument >= (size === 2 ? 24 : 2 ** ((size - 1) * 4));
}

/** Whether a float of 4 or 8 bytes is the same in half of them. */
function fitsShorter(head: Head): boolean {
  const { size, argument } = head;
  const value = floatOf(head);
  // The payload of a NaN is its leading bits, of which a shorter one has 10 or 23.
  if (Number.isNaN(value)) return BigInt.asUintN(size === 5 ? 13 : 29, BigInt(argument)) === 0n;
  if (size === 9) return Math.fround(value) === value;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return true;
  // The largest half and the smallest normal one, below which halves are multiples of 2^-24.
  if (magnitude > 65_504) return false;
  return magnitude < 2 ** -14 ? Number.isInteger(magnitude * 2 ** 24) : (Number(argument) & 0x1fff) === 0;
}
