import { CliError } from '@lb-matrix/cli-args';

/** Hex for people and other tools. */
export function formatHex(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('hex'));
}

/**
 * Reads hex in either case; white space may stand between bytes.
 *
 * @throws CliError
 */
export function parseHex(text: Uint8Array): Uint8Array {
  const digits = Buffer.from(text).toString('latin1').replace(/\s+/g, '');
  const wrong = digits.search(/[^0-9a-f]/i);
  if (wrong >= 0) throw new CliError(`cannot read the hex: '${digits[wrong]}' is no hex digit`);
  if (digits.length % 2 !== 0) throw new CliError('cannot read the hex: the last byte has one digit only');
  return Buffer.from(digits, 'hex');
}

/** Whether all of it is pairs of hex digits. */
export function looksLikeHex(bytes: Uint8Array): boolean {
  return /^([0-9a-f]{2}\s*)+$/i.test(Buffer.from(bytes).toString('latin1'));
}
