import { type CoapOption, encodedLength, Type } from '@lb-matrix/coap-codec';
import { blockSize, MAX_SZX } from './block.ts';
import type { MessagePart } from './message-part.ts';

/** What a datagram holds: it decides whether a body goes in one message, and else the size of its blocks. */
export interface Room {
  /** The largest CoAP message that may be sent, in bytes. */
  readonly maxMessageBytes: number;
  /** What may be sent, in bytes, where the options leave no place within `maxMessageBytes`. Default: no more than that. */
  readonly most?: number | undefined;
  /** The length of the token that it will carry, in bytes. */
  readonly tokenLength: number;
}

const NO_PAYLOAD: Uint8Array = new Uint8Array();

/** Whether a message fits as it is. */
export function fits(part: MessagePart, room: Room): boolean {
  return messageLength(part, room) <= room.maxMessageBytes;
}

/** Whether a message may be sent as it is, though others should be shorter. */
export function fitsAtAll(part: MessagePart, room: Room): boolean {
  return messageLength(part, room) <= (room.most ?? room.maxMessageBytes);
}

/**
 * The SZX of the largest blocks of which one fits beside these options and a Block option of `number` with any NUM;
 * `undefined` when not even 16 bytes do.
 */
export function largestSzx(
  code: number,
  options: readonly CoapOption[],
  number: number,
  room: Room,
): number | undefined {
  // Three bytes are the longest Block value, so that the size need not change as NUM grows.
  const block: CoapOption = { number, value: new Uint8Array(3) };
  const header = messageLength({ code, options: [...options, block], payload: NO_PAYLOAD }, room);
  // One byte is the payload marker.
  return szxWithin(room.maxMessageBytes - header - 1) ?? szxWithin((room.most ?? 0) - header - 1);
}

/** The SZX of the largest payload that fits beside what else is in a message. */
export function szxBeside(part: MessagePart, room: Room): number | undefined {
  return szxWithin(room.maxMessageBytes - messageLength(part, room) + part.payload.length);
}

/** The SZX of the largest blocks of at most `bytes`; `undefined` for less than 16. */
export function szxWithin(bytes: number): number | undefined {
  for (let szx = MAX_SZX; szx >= 0; szx--) if (blockSize(szx) <= bytes) return szx;
  return undefined;
}

function messageLength(part: MessagePart, room: Room): number {
  return encodedLength({
    type: Type.CON,
    code: part.code,
    messageId: 0,
    token: new Uint8Array(room.tokenLength),
    options: part.options,
    payload: part.payload,
  });
}
