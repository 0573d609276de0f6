import { findOption, OptionNumber, uintValue, withoutOptions } from '@lb-matrix/coap-codec';
import type { Block } from '../block.ts';
import type { MessagePart } from '../message-part.ts';
import { BlockCollector } from './block-collector.ts';
import type { Report } from './report.ts';
import { ScatteredBody } from './scattered-body.ts';
import type { QBlockTiming } from './timing.ts';

/** What became of a response that was offered to a `QBlock2Receiver`. */
export type QBlock2Outcome =
  | 'more'
  | 'complete'
  /** It belongs to another version of the body. */
  | 'changed'
  | 'bad_block'
  | 'peer_body_too_large';

/** A response body that arrives in Q-Blocks, in any order (RFC 9177 section 4.4): the client's side. */
export class QBlock2Receiver {
  readonly #maxBodyBytes: number;
  readonly #timing: QBlockTiming;
  #etag: Uint8Array | undefined;
  #code = 0;
  /** The message with block 0: its options are those of the whole. */
  #first: MessagePart | undefined;
  #collector: BlockCollector | undefined;

  constructor(maxBodyBytes: number, timing: QBlockTiming) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#timing = timing;
  }

  /** Bytes that are here. */
  get received(): number {
    const body = this.#collector?.body;
    return body === undefined ? 0 : Math.min(body.size, body.received * (16 << body.szx));
  }

  /** The size of the whole, once a block is here. */
  get total(): number | undefined {
    return this.#collector?.body.size;
  }

  /** Of the body, once a block is here. */
  get etag(): Uint8Array | undefined {
    return this.#etag;
  }

  get szx(): number {
    return this.#collector?.body.szx ?? 0;
  }

  /** Whether a response is of this body. */
  matches({ code, options }: MessagePart): boolean {
    return code === this.#code && sameBytes(findOption(options, OptionNumber.ETag)?.value, this.#etag);
  }

  accept(response: MessagePart, block: Block, now: number): QBlock2Outcome {
    const { code, options, payload } = response;
    // Sections 4.4 and 4.6: all blocks have an ETag and the exact size of the body.
    const size = uintValue(options, OptionNumber.Size2);
    const etag = findOption(options, OptionNumber.ETag)?.value;
    if (size === undefined || etag === undefined) return 'bad_block';
    if (this.#collector === undefined) {
      if (size > this.#maxBodyBytes) return 'peer_body_too_large';
      if (!ScatteredBody.countable(size, block.szx)) return 'bad_block';
      this.#code = code;
      this.#etag = etag;
      this.#collector = new BlockCollector(size, block.szx, this.#timing, now);
    } else if (!this.matches(response)) {
      return 'changed';
    }
    const { body } = this.#collector;
    if (body.size !== size || body.szx !== block.szx) return 'bad_block';
    // Section 4.4: the payload of a duplicate is ignored.
    if (this.#collector.put(block.num, block.more, payload, now) === 'bad_block') return 'bad_block';
    if (block.num === 0) this.#first ??= response;
    return body.complete ? 'complete' : 'more';
  }

  /** When `report` has something to say, in ms. */
  nextReport(): number | undefined {
    return this.#collector?.nextReport();
  }

  /** What is to be said to the server at `now` (see `reportOptions`); `'stale'`: nothing came for too long. */
  report(now: number): Report | 'stale' | undefined {
    return this.#collector?.report(now);
  }

  /** The response with the whole body and the options of block 0. Only after `'complete'`. */
  take(): MessagePart {
    const { QBlock2, Size2 } = OptionNumber;
    const { code, options } = this.#first!;
    return { code, options: withoutOptions(options, QBlock2, Size2), payload: this.#collector!.body.take() };
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
