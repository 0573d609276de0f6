import { type CoapOption, Code, OptionNumber, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { type Block, blockOffset, blockOption, blockSize } from './block.ts';
import { BodyBuffer } from './body-buffer.ts';
import type { BodyStore } from './body-store.ts';
import type { MessagePart } from './message-part.ts';
import { type Room, szxBeside } from './room.ts';

/** A request body of which the first blocks are here. */
export interface PartialRequest {
  readonly kind: 'request';
  /** Of the first block. */
  readonly options: readonly CoapOption[];
  readonly body: BodyBuffer;
}

/** What a block of a request led to. */
export type Block1Outcome =
  | {
      readonly kind: 'whole';
      readonly options: readonly CoapOption[];
      readonly payload: Uint8Array;
      /** Ends the charge for the body's memory. */
      readonly release: (() => void) | undefined;
    }
  | { readonly kind: 'answer'; readonly response: MessagePart };

const NO_PAYLOAD: Uint8Array = new Uint8Array();

/** Takes one block of a request body (RFC 7959 section 2.5), in order, the body as a whole (atomic). */
export function receiveBlock1<T>(
  store: BodyStore<T | PartialRequest>,
  maxBodyBytes: number,
  from: { readonly peer: object; readonly key: string },
  request: MessagePart,
  block: Block,
  room: Room,
  now: number,
): Block1Outcome {
  const { options, payload } = request;
  // Section 2.3: with M set, the size is that of SZX.
  if (block.more && payload.length !== blockSize(block.szx)) return answer(Code.BadRequest, []);
  const echo = blockOption(OptionNumber.Block1, { ...block, more: false });
  const offset = blockOffset(block);
  const size = Math.max(offset + payload.length, (block.more && uintValue(options, OptionNumber.Size1)) || 0);
  if (size > maxBodyBytes) {
    return answer(Code.RequestEntityTooLarge, [echo, uintOption(OptionNumber.Size1, maxBodyBytes)]);
  }

  const before = store.peek(from.peer, from.key);
  if (offset === 0) {
    // Section 2.5: the first block starts anew, whatever was there.
    if (before !== undefined) store.release(before);
    if (!block.more) return { kind: 'whole', options, payload, release: undefined };
  }
  const held =
    offset === 0
      ? store.hold(from.peer, from.key, { kind: 'request', options, body: new BodyBuffer() }, 0, now)
      : before;
  // Section 2.9.3: 4.13 without a size says that there is no memory for it now.
  if (held === undefined) {
    return offset === 0 ? answer(Code.RequestEntityTooLarge, [echo]) : answer(Code.RequestEntityIncomplete, []);
  }
  const { body } = held.value as PartialRequest;
  store.touch(held, now);

  if (offset !== body.length) {
    // A block that is here already is no news. Other bytes in its place are those of another body (RFC 9175 section
    // 3.3).
    if (block.more && body.matches(offset, payload)) return proceed(request, block, room);
    if (offset < body.length) store.release(held);
    return answer(Code.RequestEntityIncomplete, []);
  }
  if (!store.resize(held, BodyBuffer.capacityFor(offset + payload.length))) {
    store.release(held);
    return answer(Code.RequestEntityTooLarge, [echo]);
  }
  body.append(payload);
  if (block.more) return proceed(request, block, room);
  store.pin(held);
  const first = held.value as PartialRequest;
  return { kind: 'whole', options: first.options, payload: body.take(), release: () => store.release(held) };
}

/** 2.31 (Continue), with the size that we prefer (section 2.5). */
function proceed(request: MessagePart, block: Block, room: Room): Block1Outcome {
  const szx = Math.min(block.szx, szxBeside(request, room) ?? block.szx);
  return answer(Code.Continue, [blockOption(OptionNumber.Block1, { ...block, szx })]);
}

function answer(code: number, options: readonly CoapOption[]): Block1Outcome {
  return { kind: 'answer', response: { code, options, payload: NO_PAYLOAD } };
}
