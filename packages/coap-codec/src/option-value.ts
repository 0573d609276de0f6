import { EMPTY, tryText, utf8 } from './bytes.ts';
import { CoapError } from './errors.ts';
import type { CoapOption } from './message.ts';

/** An option of format `uint` (RFC 7252 3.2): big-endian, no leading zero bytes, 0 is empty. 0 to 2^32-1. */
export function uintOption(number: number, value: number): CoapOption {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new CoapError('invalid_option', `option ${number}: ${value} is not an integer of 0 to 4294967295`);
  }
  return { number, value: encodeUint(value) };
}

/** An option of format `string`: UTF-8. */
export function stringOption(number: number, value: string): CoapOption {
  return { number, value: utf8(value) };
}

/** An option of format `opaque`: the bytes as they are (not copied). */
export function opaqueOption(number: number, value: Uint8Array): CoapOption {
  return { number, value };
}

/** An option of format `empty`. */
export function emptyOption(number: number): CoapOption {
  return { number, value: EMPTY };
}

/** The first option of this number. */
export function findOption(options: readonly CoapOption[], number: number): CoapOption | undefined {
  for (const option of options) if (option.number === number) return option;
  return undefined;
}

/** All options of this number, in their order. */
export function findOptions(options: readonly CoapOption[], number: number): CoapOption[] {
  return options.filter((option) => option.number === number);
}

/** The options without those of the given numbers. */
export function withoutOptions(options: readonly CoapOption[], ...numbers: readonly number[]): CoapOption[] {
  return options.filter((option) => !numbers.includes(option.number));
}

/** The first option of this number as an unsigned integer; `undefined` when there is none or its value has over 4 bytes. */
export function uintValue(options: readonly CoapOption[], number: number): number | undefined {
  const option = findOption(options, number);
  return option === undefined ? undefined : decodeUint(option.value);
}

/**
 * All options of this number as text, or `undefined` when one of them is not UTF-8. Whether that is a bad option
 * (critical) or noise (elective) is the caller's to say; `checkOptions` has said it already for options it knows.
 */
export function stringValues(options: readonly CoapOption[], number: number): string[] | undefined {
  const values: string[] = [];
  for (const option of options) {
    if (option.number !== number) continue;
    const text = tryText(option.value);
    if (text === undefined) return undefined;
    values.push(text);
  }
  return values;
}

/** `uint` bytes to a number; leading zero bytes are accepted (RFC 7252 3.2); `undefined` for over 4 bytes. */
export function decodeUint(value: Uint8Array): number | undefined {
  if (value.length > 4) return undefined;
  let result = 0;
  for (const byte of value) result = result * 256 + byte;
  return result;
}

function encodeUint(value: number): Uint8Array {
  if (value === 0) return EMPTY;
  if (value < 0x100) return Uint8Array.of(value);
  if (value < 0x1_0000) return Uint8Array.of(value >>> 8, value);
  if (value < 0x100_0000) return Uint8Array.of(value >>> 16, value >>> 8, value);
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
