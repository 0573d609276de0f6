import { decodeValue, encodeValue } from '@lb-matrix/lb-cbor-keys';

/** Numbers of a token that may differ, digits that they may have, and by how much they may differ. */
const MAX_FIELDS = 16;
const MAX_DIGITS = 15;
const MAX_STEP = 2 ** 31;

/**
 * What of a token differs from another one in the same form: in which of its numbers, each by how much. One integer for
 * each: the steps beyond the first times 16, plus which number it is; negative for a step back. One integer stands alone, none
 * or several are an array. `undefined` where that is no way to say it.
 */
export function tokenDifference(token: string, before: string): Uint8Array | undefined {
  const parts = split(token);
  const others = split(before);
  if (parts.length !== others.length) return undefined;
  const steps: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (part === others[i]) continue;
    const step = Number(part) - Number(others[i]);
    const field = (i - 1) / 2;
    // Numbers of more digits, and leading zeros, do not survive arithmetic.
    if (others[i]!.length > MAX_DIGITS || String(Number(part)) !== part) return undefined;
    if (i % 2 === 0 || field >= MAX_FIELDS || step === 0 || Math.abs(step) >= MAX_STEP) return undefined;
    steps.push(step > 0 ? (step - 1) * MAX_FIELDS + field : -1 - ((-step - 1) * MAX_FIELDS + field));
  }
  return encodeValue(steps.length === 1 ? steps[0]! : steps);
}

/** The token that a difference means. Throws `RangeError` for what is none. */
export function applyDifference(difference: Uint8Array, before: string): string {
  const value = decodeValue(difference);
  const steps: unknown[] = Array.isArray(value) ? value : [value];
  if (!steps.every((step): step is number => Number.isSafeInteger(step))) throw new RangeError('no token difference');
  return applied(steps, split(before));
}

function applied(steps: readonly number[], before: readonly string[]): string {
  const parts = [...before];
  for (const step of steps) {
    const size = step < 0 ? -1 - step : step;
    const i = (size % MAX_FIELDS) * 2 + 1;
    const part = parts[i];
    const change = Math.floor(size / MAX_FIELDS) + 1;
    if (part === undefined || part.length > MAX_DIGITS) throw new RangeError('no such number in the token');
    const number = Number(part) + (step < 0 ? -change : change);
    if (number < 0) throw new RangeError('a token with a negative number');
    parts[i] = String(number);
  }
  return parts.join('');
}

/** Its numbers at odd places, what is between them at even ones. */
function split(token: string): string[] {
  return token.split(/(\d+)/);
}
