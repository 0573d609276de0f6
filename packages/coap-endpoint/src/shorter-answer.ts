import type { MessagePart, Room, ServerTransfers } from '@lb-matrix/blockwise';
import {
  type CoapMessage,
  checkOptions,
  decodeMessage,
  encodeMessage,
  findOption,
  OptionNumber,
  type OptionRegistry,
  withoutOptions,
} from '@lb-matrix/coap-codec';
import type { ServerBlocks } from './bulk/server-blocks.ts';

/** What the bodies of answers are kept in. */
export interface AnswerBodies {
  readonly registry: OptionRegistry;
  readonly session: object;
  readonly transfers: ServerTransfers;
  readonly blocks: ServerBlocks;
}

/** The answer to a request that came again, in blocks that fit `room`; `undefined` when not all of it is there any more. */
export function shorterAnswer(
  message: CoapMessage,
  answer: Uint8Array,
  { registry, session, transfers, blocks }: AnswerBodies,
  room: Room,
  now: number,
): Uint8Array | undefined {
  const decoded = decodeMessage(answer);
  if (decoded.kind !== 'message' || decoded.message.code === 0) return undefined;
  const { type, code, options, payload } = decoded.message;
  const { token, messageId } = message;
  // RFC 7959 section 2.6: Observe is for the first message alone.
  const response: MessagePart = { code, options: withoutOptions(options, OptionNumber.Observe), payload };
  const request = { ...message, options: checkOptions(message.options, registry).usable };
  const part =
    findOption(options, OptionNumber.QBlock2) === undefined
      ? transfers.again(session, request, response, room, now)
      : blocks.again(token, room, now);
  if (part === undefined) return undefined;
  const observe = options.filter(({ number }) => number === OptionNumber.Observe);
  const all = [...observe, ...withoutOptions(part.options, OptionNumber.Observe)];
  return encodeMessage({ type, messageId, token, code: part.code, options: all, payload: part.payload });
}
