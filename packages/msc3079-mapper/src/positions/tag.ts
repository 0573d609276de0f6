import { type CoapOption, findOption, OptionNumber, uintOption, uintValue } from '@lb-matrix/coap-codec';

/** Beyond three bytes an ETag is of whoever cuts bodies into blocks (RFC 7959 2.4). */
const MAX_BYTES = 3;
export const MAX_TAG: number = 2 ** (8 * MAX_BYTES) - 1;

/** The ETag (RFC 7252 5.10.6) that stands for a position. */
export function tagOption(tag: number): CoapOption {
  return uintOption(OptionNumber.ETag, tag);
}

/** The number in an ETag that stands for a position. */
export function tagIn(options: readonly CoapOption[]): number | undefined {
  const value = findOption(options, OptionNumber.ETag)?.value;
  if (value === undefined || value.length > MAX_BYTES || value[0] === 0) return undefined;
  return uintValue(options, OptionNumber.ETag);
}
