import { type CoapOption, OptionNumber, opaqueOption, uintOption } from '@lb-matrix/coap-codec';
import { blockOption, blockSize } from '../block.ts';
import { BlockwiseError } from '../errors.ts';
import type { MessagePart } from '../message-part.ts';
import { largestSzx, type Room } from '../room.ts';
import { ScatteredBody } from './scattered-body.ts';

/** A request body that goes out in Q-Blocks (RFC 9177 section 4.3): the client's side. Any block at any time. */
export class QBlock1Sender {
  readonly szx: number;
  /** Blocks of the whole. */
  readonly count: number;
  readonly #request: MessagePart;
  readonly #options: readonly CoapOption[];

  /** `requestTag`: of no other body of this client. Throws `BlockwiseError` (`refused`) when no block fits. */
  constructor(request: MessagePart, requestTag: Uint8Array, room: Room) {
    const { code, options, payload } = request;
    // Sections 4.3 and 4.6: both stand on every block.
    this.#options = [
      ...options,
      opaqueOption(OptionNumber.RequestTag, requestTag),
      uintOption(OptionNumber.Size1, payload.length),
    ];
    const szx = largestSzx(code, this.#options, OptionNumber.QBlock1, room);
    if (szx === undefined) throw new BlockwiseError('refused', 'no_room', 'the options leave no room for a block');
    if (!ScatteredBody.countable(payload.length, szx)) {
      throw new BlockwiseError('refused', 'body_too_large', `no block numbers for ${payload.length} bytes`);
    }
    this.szx = szx;
    this.count = Math.ceil(payload.length / blockSize(szx));
    this.#request = request;
  }

  block(num: number): MessagePart {
    const { code } = this.#request;
    const option = blockOption(OptionNumber.QBlock1, { num, more: num < this.count - 1, szx: this.szx });
    return { code, options: [...this.#options, option], payload: this.payload(num) };
  }

  /** What a block carries of the body: a view. */
  payload(num: number): Uint8Array {
    const start = num * blockSize(this.szx);
    return this.#request.payload.subarray(start, start + blockSize(this.szx));
  }
}
