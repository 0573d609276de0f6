import { type CoapOption, OptionNumber } from '@lb-matrix/coap-codec';
import { MappingError } from './mapping-error.ts';

/** Longest value that a CoAP option can carry (RFC 7252 3.1), in bytes. */
const MAX_TOKEN = 65_804;

/**
 * What option 256 says (MSC3079, Access Tokens): the token without `Bearer `, `''` for "no token" (zero length), or
 * `undefined` when the option is left out. The last one wins. Throws `MappingError` (`token`) for anything but visible
 * ASCII: the value ends up in an HTTP header.
 */
export function readToken(options: readonly CoapOption[]): string | undefined {
  const value = options.findLast((option) => option.number === OptionNumber.Authorization)?.value;
  return value === undefined ? undefined : tokenOf(latin1(value));
}

/** Option 256 for a token; `''` makes the zero-length form. */
export function tokenOption(token: string): CoapOption {
  return { number: OptionNumber.Authorization, value: Uint8Array.from(token, (c) => c.charCodeAt(0)) };
}

/** The token of an Authorization header. Throws `MappingError` (`token`, `too_long`). */
export function bearerToken(authorization: string): string {
  if (!/^Bearer +[^ ]/i.test(authorization)) throw new MappingError('token', 'Authorization is not a Bearer token');
  const token = tokenOf(authorization);
  if (token.length > MAX_TOKEN) throw new MappingError('too_long', `The access token has over ${MAX_TOKEN} bytes`);
  return token;
}

function tokenOf(text: string): string {
  // The scheme's name is case-insensitive (RFC 9110 11.1).
  const token = text.replace(/^Bearer +/i, '');
  if (!/^[!-~]*$/.test(token)) throw new MappingError('token', 'The access token is not visible ASCII');
  return token;
}

/** Byte for character, so that no byte over 0x7e can pass for ASCII. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
