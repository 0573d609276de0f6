import { cbc, ctr } from '@noble/ciphers/aes.js';
import { equalBytes } from '@noble/ciphers/utils.js';
import type { OneRecord } from './aead.ts';

/**
 * AES-CCM (RFC 3610) of its two halves, CBC-MAC and counter mode, for nonces of 12 bytes: lengths then have 3 bytes
 * (L = 3), so a plaintext has at most 2^24 - 1.
 */

const BLOCK = 16;
const LENGTH_SIZE = 3;
const MAX_PLAINTEXT = 2 ** (8 * LENGTH_SIZE) - 1;
/** RFC 3610 2.2: from here on the length of the additional data is written in another form, which records never need. */
const MAX_ADDITIONAL_DATA = 0xff00 - 1;
const ZERO_BLOCK = new Uint8Array(BLOCK);

/** One record. `encrypt` throws `RangeError` for what is too long, `decrypt` an error when the tag is wrong. */
export function aesCcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, tagLength: 8 | 16): OneRecord {
  return {
    encrypt(plaintext) {
      const [tag, ciphertext] = crypt(key, nonce, computeTag(key, nonce, aad, plaintext, tagLength), plaintext);
      const sealed = new Uint8Array(plaintext.length + tagLength);
      sealed.set(ciphertext);
      sealed.set(tag.subarray(0, tagLength), plaintext.length);
      return sealed;
    },
    decrypt(sealed) {
      const length = sealed.length - tagLength;
      const [tag, plaintext] = crypt(key, nonce, sealed.subarray(length), sealed.subarray(0, length));
      const expected = computeTag(key, nonce, aad, plaintext, tagLength);
      if (!equalBytes(expected, tag.subarray(0, tagLength))) throw new Error('the tag is wrong');
      return plaintext;
    },
  };
}

/** RFC 3610 2.3: block 0 of the key stream is for the tag, the others are for the data. The same call encrypts and decrypts. */
function crypt(
  key: Uint8Array,
  nonce: Uint8Array,
  tag: Uint8Array,
  data: Uint8Array,
): readonly [tag: Uint8Array, data: Uint8Array] {
  const counter = new Uint8Array(BLOCK);
  counter[0] = LENGTH_SIZE - 1;
  counter.set(nonce, 1);
  const input = new Uint8Array(BLOCK + data.length);
  input.set(tag);
  input.set(data, BLOCK);
  const output = ctr(key, counter).encrypt(input);
  return [output.subarray(0, BLOCK), output.subarray(BLOCK)];
}

/** RFC 3610 2.2: the CBC-MAC over flags, nonce, lengths, additional data and plaintext, each part padded to whole blocks. */
function computeTag(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagLength: number,
): Uint8Array {
  if (plaintext.length > MAX_PLAINTEXT || aad.length > MAX_ADDITIONAL_DATA) {
    throw new RangeError(`CCM takes at most ${MAX_PLAINTEXT} bytes and ${MAX_ADDITIONAL_DATA} of additional data`);
  }
  const aadAt = BLOCK + (aad.length > 0 ? 2 : 0);
  const plaintextAt = wholeBlocks(aadAt + aad.length);
  const blocks = new Uint8Array(plaintextAt + wholeBlocks(plaintext.length));
  blocks[0] = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (LENGTH_SIZE - 1);
  blocks.set(nonce, 1);
  blocks[13] = plaintext.length >> 16;
  blocks[14] = plaintext.length >> 8;
  blocks[15] = plaintext.length;
  if (aad.length > 0) {
    blocks[BLOCK] = aad.length >> 8;
    blocks[BLOCK + 1] = aad.length;
    blocks.set(aad, aadAt);
  }
  blocks.set(plaintext, plaintextAt);
  const chained = cbc(key, ZERO_BLOCK, { disablePadding: true }).encrypt(blocks);
  return chained.slice(-BLOCK, chained.length - BLOCK + tagLength);
}

function wholeBlocks(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK;
}
