import { EndpointError } from '@lb-matrix/coap-endpoint';
import type { HttpRequest, HttpResponse } from '@lb-matrix/msc3079-mapper';
import type { ClientPlatform } from '../client-platform.ts';
import type { Line } from '../line.ts';
import type { Link, Subscription } from '../link.ts';
import { SyncAnswers } from './sync-answer.ts';
import type { SyncCall } from './sync-call.ts';
import { SyncStream } from './sync-stream.ts';

/** What a stream runs on. */
export interface SyncHost {
  readonly line: Line;
  readonly platform: ClientPlatform;
  /** Milliseconds without a call until an observation ends. */
  readonly idle: number;
  /** The server has pushed something, or answered a registration. */
  readonly onPush: () => void;
}

/** A call that waits for its answer. */
interface Waiting extends SyncCall {
  readonly request: HttpRequest;
  readonly signal: AbortSignal | undefined;
  readonly settle: { resolve(response: HttpResponse): void; reject(error: unknown): void };
  cancelTimer: (() => void) | undefined;
  /** Registrations for it that failed. */
  failures: number;
}

/** Registrations that may fail before a call is answered by polling. */
const MAX_FAILURES = 3;

/** One observed /sync: its `SyncStream` at work on a line. */
export class SyncObserver {
  readonly #host: SyncHost;
  readonly #answers: SyncAnswers;
  readonly #stream: SyncStream<Waiting>;
  #subscription: Subscription | undefined;
  /** Counts registrations: what an older one still says is of no interest. */
  #turn = 0;
  #cancelIdle: (() => void) | undefined;
  #link: Link | undefined;
  #forgetLink: (() => void) | undefined;

  constructor(kind: SyncCall['kind'], host: SyncHost) {
    this.#host = host;
    this.#answers = new SyncAnswers(kind);
    this.#stream = new SyncStream({
      register: (call) => void this.#register(call),
      consume: () => void this.#listen(),
      leave: () => this.#leave(),
      answer: (call, { response }) => this.#settle(call, () => call.settle.resolve(response)),
      wait: (call) => this.#wait(call),
    });
  }

  /** A call is waiting: another one with the same question has to be asked by itself. */
  get busy(): boolean {
    return this.#stream.waiting !== undefined;
  }

  /** Resolves with what is new, or with an empty answer when the call's time is up. Rejects as `Line.ask` does. */
  async ask(call: SyncCall, request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    this.#cancelIdle?.();
    const done = this.#host.line.use();
    try {
      return await this.#ask(call, request, signal);
    } finally {
      done();
      this.#cancelIdle?.();
      if (!this.busy) this.#cancelIdle = this.#host.platform.setTimer(this.#host.idle, () => this.stop());
    }
  }

  /** The SDK asks something else from now on. */
  leaveFor(call: SyncCall): void {
    this.#cancelIdle?.();
    this.#stream.leaveAt(call.cursor);
  }

  stop(): void {
    this.#cancelIdle?.();
    const call = this.#stream.waiting;
    if (call !== undefined) this.#poll(call);
    this.#stream.stop();
  }

  #ask(call: SyncCall, request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      const onAbort = () => this.#reject(waiting, signal!.reason);
      const over = () => signal?.removeEventListener('abort', onAbort);
      const settle: Waiting['settle'] = {
        resolve: (response) => {
          over();
          resolve(response);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      const waiting: Waiting = { ...call, request, signal, settle, cancelTimer: undefined, failures: 0 };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#stream.ask(waiting);
    });
  }

  async #register(call: Waiting): Promise<void> {
    const turn = ++this.#turn;
    try {
      const link = await this.#host.line.link();
      if (turn !== this.#turn) return;
      if (!link.observes) return this.#poll(call);
      this.#subscription = link.observe(call.registration);
      this.#hold(link, turn);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
      return;
    }
    await this.#listen();
  }

  /** When the link has been replaced the next one has to know of the observation. */
  #hold(link: Link, turn: number): void {
    this.#forgetLink?.();
    this.#link = link;
    const onSuperseded = () => {
      if (turn !== this.#turn) return;
      this.#subscription = undefined; // the old link ends as a whole
      this.#lost();
    };
    this.#forgetLink = link.superseded.listen(onSuperseded);
  }

  async #listen(): Promise<void> {
    const turn = this.#turn;
    try {
      const notification = await this.#subscription?.next();
      if (turn !== this.#turn) return;
      if (notification === undefined || notification.again) return this.#lost();
      const { response, observed } = notification;
      const answer = this.#answers.read(response, this.#stream.position ?? '');
      this.#host.onPush();
      const last = !observed || answer.cursor === undefined;
      if (last) this.#leave();
      this.#stream.notified(answer, last);
    } catch (error) {
      if (turn === this.#turn) this.#failed(error);
    }
  }

  /** The registration, or what it had led to, has failed. */
  #failed(error: unknown): void {
    const call = this.#stream.waiting;
    if (error instanceof EndpointError && error.reason === 'no_acknowledgement') this.#link?.close();
    if (!(error instanceof EndpointError)) {
      if (call !== undefined) this.#reject(call, error);
    } else if (call !== undefined && (error.code === 'refused' || ++call.failures >= MAX_FAILURES)) {
      this.#poll(call); // it does not fit one message, or there is no end to it
    }
    this.#lost();
  }

  #lost(): void {
    this.#leave();
    this.#stream.lost();
  }

  #leave(): void {
    this.#turn++;
    this.#forgetLink?.();
    this.#subscription?.leave();
    this.#subscription = undefined;
  }

  /** Time runs from the call on, but nothing is said to be new before the server has been asked. */
  #wait(call: Waiting): void {
    call.cancelTimer?.();
    call.cancelTimer = this.#host.platform.setTimer(call.timeout, () => {
      const { cursor } = call;
      this.#stream.timedOut(call, { cursor, response: this.#answers.empty(cursor) });
    });
  }

  /** Asks as the SDK has asked. */
  #poll(call: Waiting): void {
    this.#stream.withdraw(call);
    call.cancelTimer?.();
    this.#host.line.ask(call.request, true, call.signal).then(call.settle.resolve, call.settle.reject);
  }

  #reject(call: Waiting, error: unknown): void {
    this.#stream.withdraw(call);
    this.#settle(call, () => call.settle.reject(error));
  }

  #settle(call: Waiting, settle: () => void): void {
    call.cancelTimer?.();
    settle();
  }
}
