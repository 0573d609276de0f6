import { type CoapOption, findOption, OptionNumber, opaqueOption, uintOption } from '@lb-matrix/coap-codec';
import { blockOption, blockSize } from '../block.ts';
import { BlockwiseError } from '../errors.ts';
import { contentETag } from '../etag.ts';
import type { MessagePart } from '../message-part.ts';
import { largestSzx, type Room } from '../room.ts';
import { ScatteredBody } from './scattered-body.ts';

/** A response body that goes out in Q-Blocks (RFC 9177 section 4.4): the server's side. Any block at any time. */
export class QBlock2Sender {
  readonly szx: number;
  /** Blocks of the whole. */
  readonly count: number;
  readonly etag: Uint8Array;
  readonly #response: MessagePart;
  readonly #brief: boolean;
  /** What stands on block 0, and on the others. */
  readonly #first: readonly CoapOption[];
  readonly #others: readonly CoapOption[];

  /**
   * The response gets an ETag when it has none. `szx`: the largest blocks that the client wants. `brief`: the blocks after the first carry
   * only what tells the body and its place in an observation; the client takes the other options from block 0. Throws `BlockwiseError` (`refused`) when no block fits.
   */
  constructor(response: MessagePart, szx: number, room: Room, brief: boolean) {
    const { code, options, payload } = response;
    const tag = findOption(options, OptionNumber.ETag) ?? opaqueOption(OptionNumber.ETag, contentETag(payload));
    // Section 4.6: the size stands on every block.
    const size = uintOption(OptionNumber.Size2, payload.length);
    this.#first = [...options.filter(({ number }) => number !== OptionNumber.ETag), tag, size];
    // Section 4.5: Observe is the same on all of them.
    const kept = options.filter(({ number }) => number === OptionNumber.Observe);
    this.#others = brief ? [...kept, tag, size] : this.#first;
    const fitting = largestSzx(code, this.#first, OptionNumber.QBlock2, room);
    if (fitting === undefined) throw new BlockwiseError('refused', 'no_room', 'the options leave no room for a block');
    this.szx = Math.min(szx, fitting);
    if (!ScatteredBody.countable(payload.length, this.szx)) {
      throw new BlockwiseError('refused', 'body_too_large', `no block numbers for ${payload.length} bytes`);
    }
    this.etag = tag.value;
    this.count = Math.ceil(payload.length / blockSize(this.szx));
    this.#response = response;
    this.#brief = brief;
  }

  /** The same body in blocks that fit `room`. Throws `BlockwiseError` (`refused`) when none does. */
  within(room: Room): QBlock2Sender {
    return new QBlock2Sender(this.#response, this.szx, room, this.#brief);
  }

  block(num: number): MessagePart {
    const { code } = this.#response;
    const option = blockOption(OptionNumber.QBlock2, { num, more: num < this.count - 1, szx: this.szx });
    return {
      code,
      options: [...(num === 0 ? this.#first : this.#others), option],
      payload: this.payload(num),
    };
  }

  /** What a block carries of the body: a view. */
  payload(num: number): Uint8Array {
    const start = num * blockSize(this.szx);
    return this.#response.payload.subarray(start, start + blockSize(this.szx));
  }
}
