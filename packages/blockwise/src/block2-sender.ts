import { findOption, OptionNumber, opaqueOption, uintOption } from '@lb-matrix/coap-codec';
import { type Block, blockOffset, blockOption, blockSize, MAX_BLOCK_NUMBER, MAX_SZX } from './block.ts';
import { BlockwiseError } from './errors.ts';
import { contentETag } from './etag.ts';
import type { MessagePart } from './message-part.ts';
import { largestSzx, type Room } from './room.ts';

const NO_PAYLOAD: Uint8Array = new Uint8Array();

/** A response body that goes out block by block, as the client asks for them (RFC 7959 section 2.4). */
export class Block2Sender {
  readonly kind = 'response';
  #whole: MessagePart;
  #inOrder = 0;

  /** The response gets an ETag when it has none. */
  constructor(response: MessagePart) {
    const { code, options, payload } = response;
    const tagged = findOption(options, OptionNumber.ETag) !== undefined;
    this.#whole = {
      code,
      options: tagged ? options : [...options, opaqueOption(OptionNumber.ETag, contentETag(payload))],
      payload,
    };
  }

  /** Whether all blocks have been asked for in order: the body is gone then. */
  get done(): boolean {
    return this.#inOrder === Number.POSITIVE_INFINITY;
  }

  /** Whether all blocks have been asked for in order when `wanted` is served. */
  endsWith(wanted: Block): boolean {
    return !this.done && blockOffset(wanted) + blockSize(wanted.szx) >= this.#whole.payload.length;
  }

  /**
   * The block that `wanted` names, or smaller ones from its offset on; the first one without `wanted`. `extra`: options
   * for this message alone. `undefined` when there is no such block. Throws `BlockwiseError` when none fits the room.
   */
  block(wanted: Block | undefined, room: Room, extra: MessagePart['options'] = []): MessagePart | undefined {
    const { code, payload } = this.#whole;
    const offset = wanted === undefined ? 0 : blockOffset(wanted);
    if (offset >= payload.length && offset > 0) return undefined;
    // Section 4: the size is worth saying once.
    const size = offset === 0 ? [uintOption(OptionNumber.Size2, payload.length)] : [];
    const options = [...this.#whole.options, ...size, ...extra];
    const fitting = largestSzx(code, options, OptionNumber.Block2, room);
    if (fitting === undefined) throw new BlockwiseError('refused', 'no_room', 'the options leave no room for a block');
    const szx = Math.min(fitting, wanted?.szx ?? MAX_SZX);
    if (payload.length > (MAX_BLOCK_NUMBER + 1) * blockSize(szx)) {
      throw new BlockwiseError('refused', 'body_too_large', `no block numbers for ${payload.length} bytes`);
    }
    const end = offset + blockSize(szx);
    const more = end < payload.length;
    const block = { num: offset / blockSize(szx), more, szx };
    const part = {
      code,
      options: [...options, blockOption(OptionNumber.Block2, block)],
      payload: payload.subarray(offset, end),
    };
    if (offset <= this.#inOrder) this.#inOrder = Math.max(this.#inOrder, end);
    if (!more && this.#inOrder >= payload.length) {
      this.#inOrder = Number.POSITIVE_INFINITY;
      this.#whole = { ...this.#whole, payload: NO_PAYLOAD };
    }
    return part;
  }
}
