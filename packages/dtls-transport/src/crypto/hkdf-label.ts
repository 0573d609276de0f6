import { hkdfExpand } from './hkdf.ts';
import type { CryptoProvider, HashName } from './provider.ts';

/** RFC 9147 5.9: what stands before each label. */
const PREFIX = 'dtls13';

const NOTHING = new Uint8Array(0);

/** HKDF-Expand-Label (RFC 8446 7.1) with the prefix of DTLS 1.3. */
export function hkdfExpandLabel(
  crypto: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  length: number,
  context: Uint8Array = NOTHING,
  prefix: string = PREFIX,
): Uint8Array {
  // HkdfLabel: the length, then label and context with a length of 8 bits each. Labels are ASCII.
  const whole = prefix + label;
  const contextAt = 3 + whole.length;
  const info = new Uint8Array(contextAt + 1 + context.length);
  info[0] = length >> 8;
  info[1] = length;
  info[2] = whole.length;
  for (let index = 0; index < whole.length; index++) info[3 + index] = whole.charCodeAt(index);
  info[contextAt] = context.length;
  info.set(context, contextAt + 1);
  return hkdfExpand(crypto, hash, secret, info, length);
}
