import { type CoapOption, isNoCacheKey, OptionNumber } from '@lb-matrix/coap-codec';

/** Options that say how a body is transferred or watched, not which one it is. */
const NOT_PART: ReadonlySet<number> = new Set([
  OptionNumber.Block1,
  OptionNumber.Block2,
  OptionNumber.QBlock1,
  OptionNumber.QBlock2,
  OptionNumber.Size1,
  OptionNumber.Size2,
  // RFC 7641 section 2: Observe is not part of the cache key.
  OptionNumber.Observe,
  // RFC 7959 section 2.10: it stands only on the first block of a request.
  OptionNumber.IfNoneMatch,
]);

/**
 * What all messages of one block-wise transfer have in common: the method and the options of the cache key (RFC 7252
 * section 5.6, RFC 7959 section 2.4). The other half of a transfer's identity, the peer, is the caller's to add.
 */
export function cacheKey(code: number, options: readonly CoapOption[]): string {
  let key = String.fromCharCode(code);
  let previous = 0;
  let sorted = true;
  for (const { number } of options) {
    if (number < previous) sorted = false;
    previous = number;
  }
  for (const { number, value } of sorted ? options : [...options].sort((a, b) => a.number - b.number)) {
    if (NOT_PART.has(number) || isNoCacheKey(number)) continue;
    key += `${number}:${value.length}:`;
    for (const byte of value) key += String.fromCharCode(byte);
  }
  return key;
}
