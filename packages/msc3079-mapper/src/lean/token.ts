import { decodeValue, encodeValue } from '@lb-matrix/lb-cbor-keys';
import type { Place } from './place.ts';
import { applyDifference, tokenDifference } from './token-difference.ts';

/** A token as its difference to the reference's position where that is shorter. Throws `RangeError` for one that is no text. */
export function shortToken(token: Uint8Array, position: string | undefined, place: Place): Uint8Array {
  const type = token[0]! >> 5;
  if (isDifference(token)) throw new RangeError('a token that is a number');
  if (type !== TEXT || position === undefined) return token;
  const difference = tokenDifference(decodeValue(token) as string, baseOf(position, place));
  return difference !== undefined && difference.length < token.length ? difference : token;
}

/** The token. Throws `RangeError` for a difference to nothing. */
export function wholeToken(short: Uint8Array, position: string | undefined, place: Place): Uint8Array {
  if (!isDifference(short)) return short;
  if (position === undefined) throw new RangeError('a difference to no token');
  return encodeValue(applyDifference(short, baseOf(position, place)));
}

const TEXT = 3;
const ARRAY = 4;

function isDifference(item: Uint8Array): boolean {
  const type = item[0]! >> 5;
  return type < 2 || type === ARRAY;
}

/** A `pos` may be a position in the connection, a slash, and a token like that of /sync. */
function baseOf(position: string, place: Place): string {
  return place === 'position' ? position : position.slice(position.indexOf('/') + 1);
}
