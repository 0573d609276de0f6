import { type QBlock1Receiver, type Report, shortened, uploadReport } from '@lb-matrix/blockwise';
import type { Deadlines } from '../deadlines.ts';
import type { MessageLayer, Timer } from '../message-layer.ts';
import { transmitNon } from './transmit-non.ts';

/** What a 4.08 takes beside the numbers of the missing blocks, and what each of those takes, in bytes. */
const REPORT_OVERHEAD = 24;
const NUMBER = 5;

/** A request body that arrives, and the one timer that it has. */
interface Upload extends Timer {
  /** Of its last message (RFC 9177 section 5). */
  token: Uint8Array;
  readonly receiver: QBlock1Receiver;
}

/** The request bodies that arrive from one peer in Q-Blocks (RFC 9177 section 4.3): what of them is there is reported. */
export class Uploads {
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #uploads: Map<QBlock1Receiver, Upload> = new Map();

  constructor(layer: MessageLayer, timers: Deadlines<Timer>) {
    this.#layer = layer;
    this.#timers = timers;
  }

  /** A block of a body has arrived in a message with this token. `give` lets go of the body. */
  arrived(receiver: QBlock1Receiver, token: Uint8Array, give: () => void, now: number): void {
    let upload = this.#uploads.get(receiver);
    if (upload === undefined) {
      const begun: Upload = { token, receiver, fire: (at) => this.#report(begun, give, at) };
      this.#uploads.set(receiver, begun);
      receiver.evicted = () => this.#forget(begun);
      upload = begun;
    }
    upload.token = token;
    upload.fire(now);
  }

  /** The request with this token is answered: that says that all of it is there. */
  answered(token: Uint8Array): void {
    for (const [receiver, upload] of this.#uploads) {
      if (receiver.body.complete && String(upload.token) === String(token)) this.#forget(upload);
    }
  }

  clear(): void {
    for (const upload of this.#uploads.values()) this.#timers.delete(upload);
    this.#uploads.clear();
  }

  /** Says what is there of a body in blocks of this size. */
  say(report: Report, szx: number, token: Uint8Array, now: number): void {
    const most = Math.max(1, Math.floor((this.#layer.maxMessageBytes - REPORT_OVERHEAD) / NUMBER));
    transmitNon(this.#layer, uploadReport(shortened(report, most), szx), token, now);
  }

  #report(upload: Upload, give: () => void, now: number): void {
    const { receiver, token } = upload;
    const report = receiver.report(now);
    if (report === 'stale') {
      this.#forget(upload);
      give();
      return;
    }
    if (report !== undefined) this.say(report, receiver.body.szx, token, now);
    const next = receiver.nextReport();
    if (next !== undefined) {
      this.#timers.set(upload, next);
      return;
    }
    // All of it is there, and that was said.
    this.#forget(upload);
  }

  #forget(upload: Upload): void {
    this.#uploads.delete(upload.receiver);
    this.#timers.delete(upload);
  }
}
