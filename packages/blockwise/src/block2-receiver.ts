import { findOption, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { type Block, blockOffset, blockSize, MAX_BLOCK_NUMBER } from './block.ts';
import { BodyBuffer } from './body-buffer.ts';
import type { MessagePart } from './message-part.ts';

/** What became of a block that was offered to a `Block2Receiver`. */
export type Block2Outcome =
  | 'more'
  | 'complete'
  /** It belongs to another version of the body: start again. */
  | 'changed'
  | 'bad_block'
  | 'peer_body_too_large';

/** A response body that arrives block by block (RFC 7959 section 2.4). */
export class Block2Receiver {
  readonly #maxBodyBytes: number;
  readonly #body: BodyBuffer = new BodyBuffer();
  #first: MessagePart | undefined;
  #total: number | undefined;
  #szx = 0;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** The code of the first block. */
  get code(): number | undefined {
    return this.#first?.code;
  }

  /** Bytes that are here. */
  get received(): number {
    return this.#body.length;
  }

  /** The size of the whole, when the server has said it (Size2). */
  get total(): number | undefined {
    return this.#total;
  }

  /** The block to ask for: its SZX is the smaller of `szx` and what the server used. */
  next(szx: number): Block {
    this.#szx = Math.min(this.#szx, szx);
    return { num: this.#body.length / blockSize(this.#szx), more: false, szx: this.#szx };
  }

  accept(response: MessagePart, block: Block): Block2Outcome {
    const { payload } = response;
    if (this.#first === undefined) {
      this.#first = response;
      this.#szx = block.szx;
    } else if (!sameRepresentation(this.#first, response)) {
      return 'changed';
    }
    // Section 2.7: in order. Section 2.3: with M set the size is that of SZX, so each block brings the body forward.
    if (blockOffset(block) !== this.#body.length) return 'bad_block';
    if (block.more && payload.length !== blockSize(block.szx)) return 'bad_block';

    this.#total = uintValue(response.options, OptionNumber.Size2) ?? this.#total;
    const size = this.#body.length + payload.length;
    // Section 4: a size indication ends nothing but the attempt to hold what is too large anyway.
    if (Math.max(size, block.more ? (this.#total ?? 0) : 0) > this.#maxBodyBytes) return 'peer_body_too_large';
    this.#szx = Math.min(this.#szx, block.szx);
    if (block.more && size / blockSize(this.#szx) > MAX_BLOCK_NUMBER) return 'bad_block';
    this.#body.append(payload);
    return block.more ? 'more' : 'complete';
  }

  /** The response with the whole body and the first block's options. Only after `'complete'`. */
  take(): MessagePart {
    return { code: this.#first!.code, options: this.#first!.options, payload: this.#body.take() };
  }
}

/**
 * Sections 2.3 and 2.4: the blocks of one body agree in code, ETag and Content-Format. node-coap names the Content-Format in some of
 * the blocks only, so one that names none says nothing against the others.
 */
function sameRepresentation(a: MessagePart, b: MessagePart): boolean {
  const unnamed = findOption(b.options, OptionNumber.ContentFormat) === undefined;
  return (
    a.code === b.code &&
    sameOption(a, b, OptionNumber.ETag) &&
    (unnamed || sameOption(a, b, OptionNumber.ContentFormat))
  );
}

function sameOption(a: MessagePart, b: MessagePart, number: number): boolean {
  const left = findOption(a.options, number)?.value;
  const right = findOption(b.options, number)?.value;
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
