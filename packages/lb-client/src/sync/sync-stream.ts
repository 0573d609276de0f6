import type { SyncAnswer } from './sync-answer.ts';
import type { SyncCall } from './sync-call.ts';

/** What the state machine has done for it. */
export interface SyncEffects<C extends SyncCall> {
  /** Observe from where this call goes on. */
  register(call: C): void;
  /** The last answer was consumed: acknowledge it and wait for the next. */
  consume(): void;
  /** End the observation. */
  leave(): void;
  /** A call has its answer. */
  answer(call: C, answer: SyncAnswer): void;
  /** Nothing is new so far: answer the call as empty when its time is up. */
  wait(call: C): void;
}

/**
 * One /sync that the SDK polls and the server pushes. At most one answer is held, and its acknowledgement leaves only when
 * the SDK asks on from it: what an app that crashed had not stored comes again, for the homeserver deletes a to-device message once
 * it is told a later `since`. No time and no I/O in here.
 */
export class SyncStream<C extends SyncCall> {
  readonly #effects: SyncEffects<C>;
  #phase: 'off' | 'registering' | 'live' = 'off';
  #waiting: C | undefined;
  /** Where the SDK is expected to ask on from: the cursor of the last answer that it was given. */
  #position: string | undefined;
  /** The last answer that it was given, and what it asked from, in case it asks the same again. */
  #given: { readonly from: string; readonly answer: SyncAnswer } | undefined;
  /** An answer that came when the SDK was not asking. */
  #held: SyncAnswer | undefined;
  /** An answer of this observation waits for its acknowledgement. */
  #unconsumed = false;

  constructor(effects: SyncEffects<C>) {
    this.#effects = effects;
  }

  get waiting(): C | undefined {
    return this.#waiting;
  }

  /** Where the SDK is expected to ask on from. */
  get position(): string | undefined {
    return this.#position;
  }

  /** The SDK asks, one call at a time. */
  ask(call: C): void {
    if (this.#given !== undefined && call.cursor === this.#given.from && call.cursor !== this.#position) {
      this.#effects.answer(call, this.#given.answer); // it has not kept the answer
      return;
    }
    if (call.cursor === this.#position) {
      if (this.#held !== undefined) {
        this.#give(call, this.#held);
        return;
      }
      if (this.#phase !== 'off') {
        this.#given = undefined;
        this.#waiting = call;
        this.#consume();
        if (this.#phase === 'live') this.#effects.wait(call);
        return;
      }
    }
    this.stop();
    this.#start(call);
  }

  /** The server's answer; `last`: no other follows. */
  notified(answer: SyncAnswer, last: boolean): void {
    const before = this.#phase;
    this.#phase = last ? 'off' : 'live';
    this.#unconsumed = !last;
    const call = this.#waiting;
    if (answer.cursor === undefined) {
      // 5.03 after answers: the server could not keep the observation. Only what ends a registration is for the SDK.
      if (call !== undefined && before === 'live' && answer.response.status === 503) this.#start(call);
      else if (call !== undefined) this.#answer(call, answer);
    } else if (answer.cursor === this.#position) {
      this.#consume(); // nothing that the SDK does not have
      if (call !== undefined && (last || call.timeout === 0)) this.#answer(call, answer);
      else if (call !== undefined && before === 'registering') this.#effects.wait(call);
    } else if (call !== undefined) this.#give(call, answer);
    else this.#held = answer;
  }

  /** The observation is over, and its link with it. */
  lost(): void {
    this.#phase = 'off';
    this.#unconsumed = false;
    if (this.#waiting !== undefined) this.#start(this.#waiting);
  }

  /** The call's time is up. */
  timedOut(call: C, empty: SyncAnswer): void {
    if (this.#waiting === call) this.#answer(call, empty);
  }

  /** The SDK does not want the answer any more. */
  withdraw(call: C): void {
    if (this.#waiting === call) this.#waiting = undefined;
  }

  /** The SDK asks something else, from `cursor`: what came before that it has. */
  leaveAt(cursor: string): void {
    if (cursor === this.#position && this.#held === undefined) this.#consume();
    this.stop();
  }

  /** Ends the observation. An answer that was not acknowledged stays unacknowledged. */
  stop(): void {
    if (this.#phase !== 'off') this.#effects.leave();
    this.#phase = 'off';
    this.#unconsumed = false;
    this.#held = undefined;
    this.#given = undefined;
    this.#position = undefined;
  }

  #start(call: C): void {
    this.#phase = 'registering';
    this.#position = call.cursor;
    this.#waiting = call;
    this.#effects.register(call);
  }

  #give(call: C, answer: SyncAnswer): void {
    this.#held = undefined;
    this.#given = { from: call.cursor, answer };
    this.#position = answer.cursor;
    this.#answer(call, answer);
  }

  #answer(call: C, answer: SyncAnswer): void {
    this.#waiting = undefined;
    this.#effects.answer(call, answer);
  }

  #consume(): void {
    if (!this.#unconsumed) return;
    this.#unconsumed = false;
    this.#effects.consume();
  }
}
