import { ByteWriter } from '../wire/byte-writer.ts';
import { hkdfExpand } from './hkdf.ts';
import type { CryptoProvider, HashName } from './provider.ts';

/** RFC 9147 5.9: what stands before each label. */
const PREFIX = 'dtls13';

const text = new TextEncoder();
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
  const info = new ByteWriter()
    .u16(length)
    .vector8(text.encode(prefix + label))
    .vector8(context)
    .bytes();
  return hkdfExpand(crypto, hash, secret, info, length);
}
