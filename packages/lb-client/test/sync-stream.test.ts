import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SyncAnswer } from '../src/sync/sync-answer.ts';
import type { SyncCall } from '../src/sync/sync-call.ts';
import { SyncStream } from '../src/sync/sync-stream.ts';

const RESPONSE = { status: 200, headers: [], body: new Uint8Array() };

/** A server with a list of news, one push at a time, and an SDK that asks from where it has got to. */
class Model {
  /** Where the SDK has got to; it stores what it is given. */
  stored = 0;
  /** What the server may push on from. */
  acked = 0;
  news = 0;
  observed = false;
  inFlight: number | undefined;
  waiting: SyncCall | undefined;
  readonly given: number[] = [];
  readonly stream: SyncStream<SyncCall> = new SyncStream<SyncCall>({
    register: (call) => {
      this.observed = true;
      this.acked = Number(call.cursor);
      this.inFlight = undefined;
    },
    consume: () => {
      // An acknowledgement says that the SDK has it.
      expect(this.stored).toBeGreaterThanOrEqual(this.inFlight ?? this.acked);
      this.acked = this.inFlight ?? this.acked;
      this.inFlight = undefined;
    },
    leave: () => {
      this.observed = false;
      this.inFlight = undefined;
    },
    answer: (call, { cursor }) => {
      expect(call).toBe(this.waiting);
      this.waiting = undefined;
      // Never backwards, never with a gap.
      expect(Number(cursor)).toBeGreaterThanOrEqual(this.stored);
      this.given.push(Number(cursor));
    },
    wait: () => undefined,
  });

  ask(): void {
    if (this.waiting !== undefined) return;
    // What was given is stored, and only then asked on from.
    this.stored = this.given.at(-1) ?? this.stored;
    this.#ask();
  }

  /** The SDK lost what it was given last. */
  forget(): void {
    if (this.waiting !== undefined) return;
    if (this.given.length > 0) this.given.push(this.stored);
    this.#ask();
  }

  push(): void {
    if (!this.observed || this.inFlight !== undefined || this.news === this.acked) return;
    this.inFlight = this.news;
    this.stream.notified(answer(this.news), false);
  }

  lose(): void {
    if (!this.observed) return;
    this.observed = false;
    this.inFlight = undefined;
    this.stream.lost();
  }

  abort(): void {
    if (this.waiting === undefined) return;
    const call = this.waiting;
    this.waiting = undefined;
    this.stream.withdraw(call);
  }

  timeOut(): void {
    if (this.waiting === undefined) return;
    const { waiting } = this;
    this.stream.timedOut(waiting, answer(Number(waiting.cursor)));
  }

  #ask(): void {
    const call: SyncCall = {
      kind: 'v2',
      key: '',
      cursor: String(this.stored),
      timeout: 30_000,
      registration: { method: 'GET', target: '/', headers: [] },
    };
    this.waiting = call;
    this.stream.ask(call);
  }
}

function answer(cursor: number): SyncAnswer {
  return { cursor: String(cursor), response: RESPONSE };
}

describe('a stream of /sync answers', () => {
  it('gives each once and acknowledges none that the SDK does not have, whatever the order of things', () => {
    const step = fc.constantFrom('ask', 'news', 'push', 'lose', 'abort', 'timeOut', 'forget', 'stop');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model();
        for (const what of steps) {
          if (what === 'news') model.news++;
          else if (what === 'stop') {
            model.abort();
            model.stream.stop();
          } else model[what]();
        }
        // In the end everything arrives.
        for (let i = 0; i < 4; i++) {
          model.ask();
          model.push();
        }
        model.ask();
        expect(model.stored).toBe(model.news);
      }),
      { seed: 3079, numRuns: 2000 },
    );
  });
});
