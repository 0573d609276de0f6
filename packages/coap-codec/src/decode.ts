import { EMPTY } from './bytes.ts';
import { isRequest, isResponse } from './code.ts';
import { type CoapMessage, type CoapOption, Type } from './message.ts';

/** Why a datagram is no CoAP message. */
export type MalformedReason =
  /** Under 4 bytes, or not version 1: not CoAP at all (RFC 7252 section 3). */
  | 'too_short'
  | 'version'
  /** A code of the reserved classes 1, 6 and 7, or a request in an ACK (RFC 7252 4.2, 12.1). */
  | 'code'
  /** A token length that is reserved, over `maxTokenLength`, or past the end. */
  | 'token_length'
  /** An Empty message with anything after the header (RFC 7252 4.1), or a Reset that is not Empty (4.2). */
  | 'not_empty'
  /** The reserved nibble 15 in an option's delta or length (RFC 7252 3.1). */
  | 'option_reserved'
  /** An option number over 65535. */
  | 'option_number'
  /** An option that ends past the datagram. */
  | 'option_truncated'
  /** A payload marker with nothing behind it (RFC 7252 section 3). */
  | 'payload_empty';

export interface Malformed {
  readonly kind: 'malformed';
  readonly reason: MalformedReason;
  /** Where in the datagram, in bytes. */
  readonly offset: number;
  /**
   * What RFC 7252 4.2 and 4.3 want done: a Confirmable message is rejected with a Reset that carries `messageId`; all
   * else is ignored.
   */
  readonly response: 'reset' | 'ignore';
  /** The Message ID, when the header was readable. */
  readonly messageId: number | undefined;
}

export interface Decoded {
  readonly kind: 'message';
  readonly message: CoapMessage;
}

export interface DecodeOptions {
  /** Longest token accepted, in bytes. Default 8 (RFC 7252); with RFC 8974 up to 65804. */
  readonly maxTokenLength?: number;
}

/**
 * Parses one datagram (RFC 7252 section 3, extended tokens of RFC 8974). Never throws: what a peer sends wrong is a value.
 * Token, option values and payload are views into `datagram`; options are in ascending order by construction. Whether
 * the options make sense is `checkOptions`' question.
 */
export function decodeMessage(datagram: Uint8Array, options: DecodeOptions = {}): Decoded | Malformed {
  const end = datagram.length;
  if (end < 4) return malformed('too_short', end, 'ignore', undefined);
  const first = datagram[0]!;
  // Section 3: an unknown version is silently ignored.
  if (first >> 6 !== 1) return malformed('version', 0, 'ignore', undefined);

  const type = ((first >> 4) & 0x03) as Type;
  const code = datagram[1]!;
  const messageId = (datagram[2]! << 8) | datagram[3]!;
  const reject = (reason: MalformedReason, offset: number): Malformed =>
    malformed(reason, offset, type === Type.CON ? 'reset' : 'ignore', messageId);

  if (code === 0) {
    // 4.1: an Empty message is the header alone. A NON cannot be Empty (table 1). One departure: go-coap, and so every
    // existing MSC3079 client, leaves the token in an Empty ACK. What it acknowledges is clear, so the token is passed over.
    if (type === Type.NON || !(end === 4 + (first & 0x0f) && (end === 4 || type === Type.ACK))) {
      return reject('not_empty', Math.min(4, end));
    }
    return { kind: 'message', message: { type, code, messageId, token: EMPTY, options: [], payload: EMPTY } };
  }
  if (type === Type.RST) return reject('not_empty', 1);
  if (!isResponse(code) && (!isRequest(code) || type === Type.ACK)) return reject('code', 1);

  let pos = 4;
  let tokenLength = first & 0x0f;
  if (tokenLength > 12) {
    // RFC 8974 section 2.1: 13 and 14 announce one and two bytes of length; 15 stays an error.
    if (tokenLength === 13 && end > 4) {
      tokenLength = 13 + datagram[4]!;
      pos = 5;
    } else if (tokenLength === 14 && end > 5) {
      tokenLength = 269 + ((datagram[4]! << 8) | datagram[5]!);
      pos = 6;
    } else {
      return reject('token_length', 0);
    }
  }
  if (tokenLength > (options.maxTokenLength ?? 8) || pos + tokenLength > end) return reject('token_length', 0);
  const token = tokenLength === 0 ? EMPTY : datagram.subarray(pos, pos + tokenLength);
  pos += tokenLength;

  const list: CoapOption[] = [];
  let number = 0;
  while (pos < end) {
    const head = datagram[pos]!;
    if (head === 0xff) {
      if (pos + 1 === end) return reject('payload_empty', pos);
      return {
        kind: 'message',
        message: { type, code, messageId, token, options: list, payload: datagram.subarray(pos + 1) },
      };
    }
    const start = pos++;
    let delta = head >> 4;
    let length = head & 0x0f;
    if (delta === 15 || length === 15) return reject('option_reserved', start);
    // 3.1: the extended delta stands before the extended length.
    if (delta === 13) {
      if (pos >= end) return reject('option_truncated', start);
      delta = 13 + datagram[pos++]!;
    } else if (delta === 14) {
      if (pos + 1 >= end) return reject('option_truncated', start);
      delta = 269 + ((datagram[pos]! << 8) | datagram[pos + 1]!);
      pos += 2;
    }
    if (length === 13) {
      if (pos >= end) return reject('option_truncated', start);
      length = 13 + datagram[pos++]!;
    } else if (length === 14) {
      if (pos + 1 >= end) return reject('option_truncated', start);
      length = 269 + ((datagram[pos]! << 8) | datagram[pos + 1]!);
      pos += 2;
    }
    number += delta;
    if (number > 0xffff) return reject('option_number', start);
    if (pos + length > end) return reject('option_truncated', start);
    list.push({ number, value: length === 0 ? EMPTY : datagram.subarray(pos, pos + length) });
    pos += length;
  }
  return { kind: 'message', message: { type, code, messageId, token, options: list, payload: EMPTY } };
}

function malformed(
  reason: MalformedReason,
  offset: number,
  response: Malformed['response'],
  messageId: number | undefined,
): Malformed {
  return { kind: 'malformed', reason, offset, response, messageId };
}
