import {
  findBlock,
  fits,
  type MessagePart,
  QBlock2Receiver,
  type QBlockTiming,
  type Report,
  reportOptions,
  shortened,
} from '@lb-matrix/blockwise';
import { type CoapOption, OptionNumber, opaqueOption } from '@lb-matrix/coap-codec';
import type { Deadlines } from '../deadlines.ts';
import { EndpointError } from '../errors.ts';
import { timedOut } from '../exchanges.ts';
import type { MessageLayer, Timer } from '../message-layer.ts';
import { transmitNon } from './transmit-non.ts';

const NOTHING: Uint8Array = new Uint8Array();

/** Who waits for a body. One of the first two is called once, unless the download was ended before. */
export interface DownloadOwner {
  done(response: MessagePart, now: number): void;
  /** `'changed'`: blocks of another body came, or the server has not got it any more. */
  failed(error: EndpointError | 'changed', now: number): void;
  /** Some more of it is there. */
  progress(received: number, total: number): void;
}

/** A response body that arrives in Q-Blocks (RFC 9177 section 4.4), and the reports of what is missing. */
export class Download implements Timer {
  readonly token: Uint8Array;
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #owner: DownloadOwner;
  readonly #receiver: QBlock2Receiver;
  readonly #code: number;
  readonly #options: readonly CoapOption[];
  readonly #prompt: boolean;
  #over = false;

  /** `request`: what the response is to, without its body. */
  constructor(parts: {
    readonly layer: MessageLayer;
    readonly timers: Deadlines<Timer>;
    readonly token: Uint8Array;
    readonly request: Pick<MessagePart, 'code' | 'options'>;
    readonly maxBodyBytes: number;
    readonly timing: QBlockTiming;
    readonly owner: DownloadOwner;
  }) {
    this.token = parts.token;
    this.#layer = parts.layer;
    this.#timers = parts.timers;
    this.#owner = parts.owner;
    this.#code = parts.request.code;
    this.#prompt = parts.timing.report !== undefined;
    // Whoever knows the same rules knows the body by the token.
    this.#options = this.#prompt ? [] : parts.request.options;
    this.#receiver = new QBlock2Receiver(parts.maxBodyBytes, parts.timing);
  }

  /** All of it is there, or nobody wants it any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether a response is of this body. */
  matches(response: MessagePart): boolean {
    return this.#receiver.matches(response);
  }

  take(response: MessagePart, now: number): void {
    if (this.#over) return;
    const block = findBlock(response.options, OptionNumber.QBlock2);
    if (block === undefined || block === 'invalid') {
      this.#fail(
        block === undefined ? 'changed' : misbehaved('bad_block', 'a Q-Block2 option that cannot be one'),
        now,
      );
      return;
    }
    const outcome = this.#receiver.accept(response, block, now);
    switch (outcome) {
      case 'more':
        this.#report(now);
        break;
      case 'complete':
        this.#report(now);
        this.end();
        this.#owner.done(this.#receiver.take(), now);
        break;
      case 'changed':
        this.#fail(outcome, now);
        break;
      case 'bad_block':
        this.#fail(misbehaved('bad_block', `block ${block.num} (SZX ${block.szx}) does not fit`), now);
        break;
      case 'peer_body_too_large':
        this.#fail(misbehaved('response_too_large', 'a body above the limit'), now);
    }
  }

  fire(now: number): void {
    this.#report(now);
  }

  /** Ends the interest in it. */
  end(): void {
    this.#over = true;
    this.#timers.delete(this);
  }

  #report(now: number): void {
    const report = this.#receiver.report(now);
    if (report === 'stale') {
      this.#fail(timedOut('no_response'), now);
      return;
    }
    if (report !== undefined) {
      this.#send(report, now);
      this.#owner.progress(this.#receiver.received, this.#receiver.total!);
    }
    const next = this.#receiver.nextReport();
    if (next === undefined || this.#over) this.#timers.delete(this);
    else this.#timers.set(this, next);
  }

  #send(report: Report, now: number): void {
    const { etag, szx } = this.#receiver;
    // Of a resource that is observed there may be another body already.
    const tag = this.#prompt ? [opaqueOption(OptionNumber.ETag, etag!)] : [];
    const room = { maxMessageBytes: this.#layer.maxMessageBytes, tokenLength: this.token.length };
    let part: MessagePart;
    let most = report.missing.length;
    do {
      const options = [...this.#options, ...tag, ...reportOptions(shortened(report, most), szx)];
      part = { code: this.#code, options, payload: NOTHING };
      most >>= 1;
    } while (!fits(part, room) && most > 0);
    transmitNon(this.#layer, part, this.token, now);
  }

  #fail(error: EndpointError | 'changed', now: number): void {
    this.end();
    this.#owner.failed(error, now);
  }
}

function misbehaved(reason: 'bad_block' | 'response_too_large', message: string): EndpointError {
  return new EndpointError('misbehaved', reason, message);
}
