import {
  type CoapOption,
  Code,
  codeClass,
  OptionNumber,
  opaqueOption,
  uintValue,
  withoutOptions,
} from '@lb-matrix/coap-codec';
import { blockOption, findBlock, MAX_SZX } from './block.ts';
import { Block1Sender } from './block1-sender.ts';
import { Block2Receiver } from './block2-receiver.ts';
import { BlockwiseError, type BlockwiseReason } from './errors.ts';
import { DEFAULT_MAX_BODY_BYTES } from './limits.ts';
import type { MessagePart } from './message-part.ts';
import { fits, fitsAtAll, type Room, szxWithin } from './room.ts';

/** What to do next in a transfer. */
export type TransferStep =
  /**
   * Send this request and hand the response to `receive`. `restarted`: it is the first of a new attempt. Until then
   * keep to one token: some servers know a transfer by it.
   */
  | { readonly kind: 'send'; readonly request: MessagePart; readonly restarted: boolean }
  /** The whole response, whatever its code. */
  | { readonly kind: 'done'; readonly response: MessagePart }
  | { readonly kind: 'failed'; readonly error: BlockwiseError };

export interface ClientTransferOptions {
  /** The longest body, either way. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /**
   * The Request-Tag of an upload, asked for when it begins. Give one that no unfinished upload before it had, so that
   * the server never takes a late block of that for one of this (RFC 9175 section 3.4). Default: none.
   */
  readonly requestTag?: (() => Uint8Array | undefined) | undefined;
}

/** How often a body that changes during its transfer is asked for from the start. */
const MAX_RESTARTS = 3;
/** Room for header fields and options of a response beside a block: what remains decides the size that is asked for. */
const RESPONSE_OVERHEAD = 37;
const NO_PAYLOAD: Uint8Array = new Uint8Array();

/**
 * One request with bodies of any size in both directions, as the client sees it (RFC 7959): `start` gives the first
 * message to send, `receive` takes each response and gives the next one, until the whole response is there. A small
 * request that gets a small response passes through unchanged.
 */
export class ClientTransfer {
  readonly #request: MessagePart;
  readonly #maxBodyBytes: number;
  /** The block size of responses that the caller wishes for (section 2.4). */
  readonly #wishedSzx: number;
  readonly #requestTag: (() => Uint8Array | undefined) | undefined;
  /** On all messages once an upload has begun: it is part of what they belong to. */
  #tag: readonly CoapOption[] = [];
  #upload: Block1Sender | undefined;
  #download: Block2Receiver | undefined;
  #sent = 0;
  #restarts = 0;
  #resent = false;

  /** Throws `BlockwiseError` (`refused`) for a request that cannot be transferred, whatever the room. */
  constructor(request: MessagePart, options: ClientTransferOptions = {}) {
    const block2 = findBlock(request.options, OptionNumber.Block2);
    if (
      findBlock(request.options, OptionNumber.Block1) !== undefined ||
      uintValue(request.options, OptionNumber.Size1) !== undefined ||
      block2 === 'invalid' ||
      (block2 !== undefined && block2.num > 0)
    ) {
      throw new BlockwiseError('refused', 'already_blockwise', 'the request carries Block options of its own');
    }
    this.#maxBodyBytes = options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    if (request.payload.length > this.#maxBodyBytes) {
      throw new BlockwiseError('refused', 'body_too_large', `a body of ${request.payload.length} bytes`);
    }
    this.#requestTag = options.requestTag;
    this.#wishedSzx = block2?.szx ?? MAX_SZX;
    this.#request = request;
  }

  /** Bytes of the request body that the server has. */
  get sent(): number {
    return this.#sent;
  }

  /** Bytes of the response body that are here. */
  get received(): number {
    return this.#download?.received ?? 0;
  }

  /** The size of the response body, once the server has said it (Size2). */
  get total(): number | undefined {
    return this.#download?.total;
  }

  /** Blocks of the request body are on their way, and not all of them are there. */
  get uploading(): boolean {
    return this.#upload !== undefined;
  }

  /** The first message. Throws `BlockwiseError` (`refused`) when nothing of it fits. */
  start(room: Room): MessagePart {
    this.#upload = undefined;
    this.#download = undefined;
    this.#sent = 0;
    this.#tag = [];
    const whole = this.#negotiated(room);
    if (fits(whole, room)) return whole;
    return this.#startUpload(whole, MAX_SZX, room);
  }

  /**
   * The message at hand once more, in what fits `room` now: the last one was too long for the path. `undefined` when it was the
   * whole of a request that must not have its effect twice (RFC 9110 section 9.2.2), which the last one may have had.
   */
  again(room: Room): MessagePart | undefined {
    try {
      if (this.#upload !== undefined)
        return this.#repeatable || !this.#upload.last ? this.#upload.block(room) : undefined;
      if (this.#download !== undefined) return this.#nextBlock(this.#download, room);
      return this.#repeatable ? this.start(room) : undefined;
    } catch (error) {
      if (error instanceof BlockwiseError) return undefined;
      throw error;
    }
  }

  /** RFC 7252 section 5.8, RFC 8132 section 4: twice is as good as once. */
  get #repeatable(): boolean {
    return this.#request.code !== Code.POST && this.#request.code !== Code.PATCH;
  }

  receive(response: MessagePart, room: Room): TransferStep {
    try {
      if (this.#upload !== undefined) return this.#afterBlock1(this.#upload, response, room);
      if (this.#download === undefined && response.code === Code.RequestEntityTooLarge) {
        return this.#afterTooLarge(response, room);
      }
      return this.#afterBlock2(response, room);
    } catch (error) {
      // The room has shrunk during the transfer.
      if (error instanceof BlockwiseError) return { kind: 'failed', error };
      throw error;
    }
  }

  #afterBlock1(upload: Block1Sender, response: MessagePart, room: Room): TransferStep {
    const block = findBlock(response.options, OptionNumber.Block1);
    if (block === 'invalid') return failed('bad_block', 'a Block1 option that cannot be one');
    if (response.code === Code.RequestEntityTooLarge && block !== undefined && block.szx < upload.szx) {
      // Section 2.9.3: too large with a smaller SZX is a hint to try that.
      return this.#mayFit(response) ? this.#restartUpload(block.szx, room) : done(response);
    }
    if (response.code === Code.RequestEntityIncomplete && !this.#resent) {
      // Section 2.5: the server has lost the blocks, so it has not acted on them.
      this.#resent = true;
      return this.#restartUpload(upload.szx, room);
    }
    if (codeClass(response.code) !== 2) return done(response);
    if (upload.last) {
      if (response.code === Code.Continue) return failed('bad_block', '2.31 (Continue) to the last block');
      this.#sent = this.#request.payload.length;
      this.#upload = undefined;
      return this.#afterBlock2(response, room);
    }
    // Section 2.3: without M the server has acted on this block alone; the others follow all the same.
    if (response.code !== Code.Continue && block === undefined) {
      return failed('bad_block', 'an answer to a block that is not the last, without Block1');
    }
    upload.advance(block?.szx ?? MAX_SZX);
    this.#sent = upload.sent;
    return { kind: 'send', request: upload.block(room), restarted: false };
  }

  /** Section 2.9.3: too large without Block1 is a hint to try Block1. */
  #afterTooLarge(response: MessagePart, room: Room): TransferStep {
    const hint = findBlock(response.options, OptionNumber.Block1);
    const szx = Math.min(
      hint === undefined || hint === 'invalid' ? MAX_SZX : hint.szx,
      szxWithin(this.#request.payload.length - 1) ?? -1,
    );
    if (szx < 0 || !this.#mayFit(response)) return done(response);
    return this.#restartUpload(szx, room);
  }

  #afterBlock2(response: MessagePart, room: Room): TransferStep {
    const block = findBlock(response.options, OptionNumber.Block2);
    if (block === 'invalid') return failed('bad_block', 'a Block2 option that cannot be one');
    this.#sent = this.#request.payload.length;
    // Section 2.2: without the option it is the first and only block. An error may end the transfer, too.
    const other = this.#download !== undefined && response.code !== this.#download.code;
    if (block === undefined || (other && codeClass(response.code) !== 2)) {
      if (response.payload.length > this.#maxBodyBytes) return failed('peer_body_too_large', 'a body above the limit');
      return done(response);
    }
    this.#download ??= new Block2Receiver(this.#maxBodyBytes);
    const outcome = this.#download.accept(response, block);
    switch (outcome) {
      case 'complete':
        return done(this.#download.take());
      case 'more':
        return { kind: 'send', request: this.#nextBlock(this.#download, room), restarted: false };
      case 'changed':
        return this.#afterChange(room);
      case 'bad_block':
        return failed(outcome, `block ${block.num} (SZX ${block.szx}, ${response.payload.length} bytes) does not fit`);
      case 'peer_body_too_large':
        return failed(outcome, `a body above ${this.#maxBodyBytes} bytes`);
    }
  }

  /** Section 2.4: blocks of another version. What is safe is asked for again. */
  #afterChange(room: Room): TransferStep {
    const { code } = this.#request;
    if ((code !== Code.GET && code !== Code.FETCH) || this.#restarts === MAX_RESTARTS) {
      return failed('body_changed', 'the body changed during its transfer');
    }
    this.#restarts++;
    return { kind: 'send', request: this.start(room), restarted: true };
  }

  /** Section 2.7: the options of the request, without Block1 and without its body. */
  #nextBlock(download: Block2Receiver, room: Room): MessagePart {
    const options = withoutOptions(this.#request.options, OptionNumber.Block2, OptionNumber.IfNoneMatch);
    const block = download.next(this.#responseSzx(room));
    const request: MessagePart = {
      code: this.#request.code,
      options: [...options, ...this.#tag, blockOption(OptionNumber.Block2, block)],
      payload: NO_PAYLOAD,
    };
    if (fitsAtAll(request, room)) return request;
    throw new BlockwiseError('refused', 'no_room', 'the options do not fit a datagram');
  }

  /** The request, with the wish for smaller response blocks where large ones would not fit (section 2.4). */
  #negotiated(room: Room): MessagePart {
    const { code, options, payload } = this.#request;
    const szx = this.#responseSzx(room);
    if (szx >= this.#wishedSzx) return this.#request;
    const block2 = blockOption(OptionNumber.Block2, { num: 0, more: false, szx });
    return { code, options: [...withoutOptions(options, OptionNumber.Block2), block2], payload };
  }

  #responseSzx(room: Room): number {
    return szxWithin(room.maxMessageBytes - room.tokenLength - RESPONSE_OVERHEAD) ?? 0;
  }

  #restartUpload(szx: number, room: Room): TransferStep {
    return { kind: 'send', request: this.#startUpload(this.#negotiated(room), szx, room), restarted: true };
  }

  #startUpload(whole: MessagePart, szx: number, room: Room): MessagePart {
    if (whole.payload.length === 0) {
      if (fitsAtAll(whole, room)) return whole;
      throw new BlockwiseError('refused', 'no_room', 'the options do not fit a datagram');
    }
    const tag = this.#requestTag?.();
    this.#tag = tag === undefined ? [] : [opaqueOption(OptionNumber.RequestTag, tag)];
    this.#upload = new Block1Sender({ ...whole, options: [...whole.options, ...this.#tag] }, szx);
    this.#sent = 0;
    return this.#upload.block(room);
  }

  #mayFit(response: MessagePart): boolean {
    const size = uintValue(response.options, OptionNumber.Size1);
    return size === undefined || size >= this.#request.payload.length;
  }
}

/** The options that only concern the transfer are gone; Size1 (the limit of a 4.13) stays. */
function done({ code, options, payload }: MessagePart): TransferStep {
  const rest = withoutOptions(options, OptionNumber.Block1, OptionNumber.Block2, OptionNumber.Size2);
  return { kind: 'done', response: { code, options: rest, payload } };
}

function failed(reason: BlockwiseReason, message: string): TransferStep {
  return { kind: 'failed', error: new BlockwiseError('misbehaved', reason, message) };
}
