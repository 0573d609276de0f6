import { copyInto } from './bytes.ts';
import { CoapError } from './errors.ts';
import { type CoapMessage, type CoapOption, Type } from './message.ts';

/** Largest value an option can carry (RFC 7252 3.1): 65535 + 269. */
const MAX_OPTION_LENGTH = 65_804;
/** Longest token of RFC 8974. */
const MAX_TOKEN_LENGTH = 65_804;

/**
 * A message as one datagram (RFC 7252 section 3). Options may come in any order; those of one number keep theirs.
 * Throws `CoapError` for what does not fit its field; it never writes what `decodeMessage` would call malformed.
 */
export function encodeMessage(message: CoapMessage): Uint8Array {
  const options = inOrder(message.options);
  const out = new Uint8Array(measure(message, options));
  write(message, options, out, 0);
  return out;
}

/**
 * Writes a message into `out` at `offset` and returns the bytes written. Throws `CoapError` as `encodeMessage`, and
 * `buffer_too_small` before it writes anything.
 */
export function encodeMessageInto(message: CoapMessage, out: Uint8Array, offset = 0): number {
  const options = inOrder(message.options);
  const length = measure(message, options);
  if (offset + length > out.length) {
    throw new CoapError('buffer_too_small', `message of ${length} bytes at ${offset} in a buffer of ${out.length}`);
  }
  write(message, options, out, offset);
  return length;
}

/** The length of the datagram that `encodeMessage` would make, in bytes. Throws `CoapError` as it does. */
export function encodedLength(message: CoapMessage): number {
  return measure(message, inOrder(message.options));
}

function inOrder(options: readonly CoapOption[]): readonly CoapOption[] {
  for (let i = 1; i < options.length; i++) {
    if (options[i - 1]!.number > options[i]!.number) return [...options].sort((a, b) => a.number - b.number);
  }
  return options;
}

function measure(message: CoapMessage, options: readonly CoapOption[]): number {
  const { type, code, messageId, token, payload } = message;
  if (!(type >= 0 && type <= 3)) throw new CoapError('invalid_message', `type ${type} is not 0 to 3`);
  if (!(code >= 0 && code <= 0xff)) throw new CoapError('invalid_message', `code ${code} is not one byte`);
  if (!(messageId >= 0 && messageId <= 0xffff)) {
    throw new CoapError('invalid_message', `Message ID ${messageId} is not 0 to 65535`);
  }
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new CoapError('invalid_message', `token of ${token.length} bytes; the most is ${MAX_TOKEN_LENGTH}`);
  }
  const empty = token.length === 0 && options.length === 0 && payload.length === 0;
  if (code === 0 ? !empty || type === Type.NON : type === Type.RST) {
    throw new CoapError(
      'invalid_message',
      'an Empty message is CON, ACK or RST with nothing in it, and RST is always Empty',
    );
  }
  let length = 4 + extension(token.length) + token.length;
  let previous = 0;
  for (let i = 0; i < options.length; i++) {
    const { number, value } = options[i]!;
    if (!(number >= 0 && number <= 0xffff)) {
      throw new CoapError('invalid_option', `option number ${number} is not 0 to 65535`);
    }
    if (value.length > MAX_OPTION_LENGTH) {
      throw new CoapError(
        'invalid_option',
        `option ${number}: ${value.length} bytes; the most is ${MAX_OPTION_LENGTH}`,
      );
    }
    length += 1 + extension(number - previous) + extension(value.length) + value.length;
    previous = number;
  }
  return payload.length === 0 ? length : length + 1 + payload.length;
}

function write(message: CoapMessage, options: readonly CoapOption[], out: Uint8Array, offset: number): void {
  const { type, code, messageId, token, payload } = message;
  let pos = offset;
  out[pos] = 0x40 | (type << 4) | nibble(token.length);
  out[pos + 1] = code;
  out[pos + 2] = messageId >> 8;
  out[pos + 3] = messageId;
  pos = writeExtension(token.length, out, pos + 4);
  copyInto(token, out, pos);
  pos += token.length;

  let previous = 0;
  for (let i = 0; i < options.length; i++) {
    const { number, value } = options[i]!;
    const delta = number - previous;
    previous = number;
    out[pos] = (nibble(delta) << 4) | nibble(value.length);
    pos = writeExtension(value.length, out, writeExtension(delta, out, pos + 1));
    copyInto(value, out, pos);
    pos += value.length;
  }
  if (payload.length === 0) return;
  out[pos] = 0xff;
  copyInto(payload, out, pos + 1);
}

/** Option deltas, option lengths (RFC 7252 3.1) and token lengths (RFC 8974 section 2) are written alike. */
function nibble(value: number): number {
  return value < 13 ? value : value < 269 ? 13 : 14;
}

function extension(value: number): number {
  return value < 13 ? 0 : value < 269 ? 1 : 2;
}

function writeExtension(value: number, out: Uint8Array, pos: number): number {
  if (value < 13) return pos;
  if (value < 269) {
    out[pos] = value - 13;
    return pos + 1;
  }
  out[pos] = (value - 269) >> 8;
  out[pos + 1] = value - 269;
  return pos + 2;
}
