import { OptionNumber, uintOption, withoutOptions } from '@lb-matrix/coap-codec';
import { blockOption, blockSize, MAX_BLOCK_NUMBER } from './block.ts';
import { BlockwiseError } from './errors.ts';
import type { MessagePart } from './message-part.ts';
import { largestSzx, type Room } from './room.ts';

/** A request body on its way to the server, one block after the other (RFC 7959 section 2.5). */
export class Block1Sender {
  readonly #request: MessagePart;
  #szx: number;
  #offset = 0;

  /** `szx` is the largest block size to use. */
  constructor(request: MessagePart, szx: number) {
    this.#request = request;
    this.#szx = szx;
  }

  /** Bytes that the server has. */
  get sent(): number {
    return this.#offset;
  }

  get szx(): number {
    return this.#szx;
  }

  /** Whether the block at hand is the last one. */
  get last(): boolean {
    return this.#offset + blockSize(this.#szx) >= this.#request.payload.length;
  }

  /** The request with the block at hand. Throws `BlockwiseError` when the room is too small for it. */
  block(room: Room): MessagePart {
    const { code, payload } = this.#request;
    const first = this.#offset === 0;
    // Section 2.10: If-None-Match must not stand on later blocks.
    const options = first
      ? [...this.#request.options, uintOption(OptionNumber.Size1, payload.length)]
      : withoutOptions(this.#request.options, OptionNumber.IfNoneMatch);
    const szx = largestSzx(code, options, OptionNumber.Block1, room);
    if (szx === undefined) throw new BlockwiseError('refused', 'no_room', 'the options leave no room for a block');
    this.#szx = Math.min(this.#szx, szx);
    if (payload.length > (MAX_BLOCK_NUMBER + 1) * blockSize(this.#szx)) {
      throw new BlockwiseError('refused', 'body_too_large', `no block numbers for ${payload.length} bytes`);
    }
    const num = this.#offset / blockSize(this.#szx);
    const more = !this.last;
    return {
      code,
      // Section 3.3: the wish for a size of response blocks goes with the last block.
      options: [
        ...(more ? withoutOptions(options, OptionNumber.Block2) : options),
        blockOption(OptionNumber.Block1, { num, more, szx: this.#szx }),
      ],
      payload: payload.subarray(this.#offset, this.#offset + blockSize(this.#szx)),
    };
  }

  /** The server has the block at hand and prefers blocks of `szx` (section 2.5: a smaller size scales NUM). */
  advance(szx: number): void {
    this.#offset += blockSize(this.#szx);
    this.#szx = Math.min(this.#szx, szx);
  }
}
