import type { NotificationOutcome, Observation, Platform } from '@lb-matrix/coap-endpoint';
import { type HttpRequest, type HttpResponse, retryAfter, type WrittenAnswer } from '@lb-matrix/msc3079-mapper';
import { overloaded } from '../gateway.ts';
import { BackOff, pause } from './back-off.ts';
import type { Holder, KeptBytes } from './kept-bytes.ts';
import { isNews, readAnswer, type SyncAnswer } from './news.ts';
import type { ObservationRecord } from './observation-record.ts';
import { acknowledge, type ObservationState, passOver } from './observation-state.ts';
import { askFrom } from './subject.ts';
import type { Write } from './writer.ts';

/** How long the homeserver is asked to wait for news, in milliseconds. */
const POLL = 30_000;
/** A homeserver that answers at once without news is asked once in this time, in milliseconds. */
const PACE = 1000;
/** How long a client may stay out of reach with its news kept, in milliseconds (R18). */
const PARKED = 24 * 3_600_000;

/** What an observer needs of what is around it. */
export interface Surroundings {
  readonly platform: Platform;
  readonly keptBytes: KeptBytes;
  /** Asks the homeserver. Never rejects. */
  ask(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  readonly write: Write;
  report(record: Pick<ObservationRecord, 'event' | 'bytes' | 'reason'>): void;
}

/** Tells one client of news: polls the homeserver and pushes, one answer at a time. */
export class Observer implements Holder {
  readonly state: ObservationState;
  readonly #observation: Observation;
  readonly #around: Surroundings;
  readonly #backOff: BackOff;
  #confirm: () => void = () => {};
  /** What was kept is gone, and the client has to register again. */
  #dropped = false;

  constructor(state: ObservationState, observation: Observation, around: Surroundings) {
    this.state = state;
    this.#observation = observation;
    this.#around = around;
    this.#backOff = new BackOff(around.platform);
  }

  /** Ends with the observation. The answer to the registration is kept when it has news. */
  async run(): Promise<void> {
    try {
      const { established } = this.#observation;
      let goesOn = this.state.kept === undefined || (await this.#delivered(established));
      while (goesOn) goesOn = (await this.#findNews()) && (await this.#push());
    } finally {
      this.#around.keptBytes.release(this);
    }
  }

  /**
   * Keeps an answer with news until the client has it; false when there is no room.
   *
   * @param written - what `coap` was written from
   */
  keep(answer: SyncAnswer, coap: WrittenAnswer, written: HttpResponse | undefined): boolean {
    const response = coap.next === undefined ? undefined : written;
    const bytes = coap.payload.length + (response?.body.length ?? 0);
    if (!this.#around.keptBytes.hold(this, bytes)) return false;
    this.state.kept = { since: this.state.acked.position, answer, coap, response };
    return true;
  }

  /** The client has shown otherwise that it has got as far as `position`: it asks for what comes after it. */
  confirm(position: string | undefined): void {
    if (this.state.kept?.answer.cursor.position === position) this.#confirm();
  }

  /** A client that is out of reach gives way to others. It is told when it is heard of again. */
  drop(): void {
    this.#dropped = true;
    this.state.kept = undefined;
  }

  /** Keeps the next answer with news; false when the observation has ended. */
  async #findNews(): Promise<boolean> {
    const { platform, ask, write } = this.#around;
    const { state } = this;
    const { signal } = this.#observation;
    while (!signal.aborted) {
      const asked = platform.now();
      const response = await ask(askFrom(state.subject, state.polled, POLL), signal);
      if (signal.aborted) break;
      const answer = response.status === 200 ? readAnswer(state.subject.kind, response.body) : undefined;
      if (answer === undefined) {
        if (isFinal(response.status)) return this.#endWith(response);
        await pause(platform, this.#backOff.next(retryAfter(response)), signal);
        continue;
      }
      this.#backOff.reset();
      if (isNews(answer, state.delivered)) {
        if (this.keep(answer, write(response, state.reference), response)) return true;
        return this.#endWith(overloaded());
      }
      passOver(state, answer);
      await pause(platform, Math.max(0, asked + PACE - platform.now()), signal);
    }
    return false;
  }

  /** Pushes what is kept, and keeps the one reference to it; false when the observation has ended. */
  async #push(): Promise<boolean> {
    const { report } = this.#around;
    const bytes = this.state.kept!.coap.payload.length;
    // R16, R17: Confirmable, and what a request from the same place would be answered.
    while (!(await this.#delivered(this.#observation.notify(this.state.kept!.coap, { park: true })))) {
      if (this.#observation.signal.aborted) return false;
      report({ event: 'parked', bytes });
      await this.#heard();
      if (this.#dropped) return this.#endWith(overloaded());
    }
    report({ event: 'pushed', bytes });
    return true;
  }

  /** The last that a client hears: it has to learn of the end, also when it is out of reach now. */
  async #endWith(response: HttpResponse): Promise<false> {
    const coap = this.#around.write(response);
    while ((await this.#observation.notify(coap, { park: true })) === 'lost') await this.#heard();
    return false;
  }

  /** Whether what was kept is with the client. */
  async #delivered(outcome: Promise<NotificationOutcome>): Promise<boolean> {
    const confirmed = new Promise<'confirmed'>((resolve) => {
      this.#confirm = () => resolve('confirmed');
    });
    const became = await Promise.race([outcome, confirmed]);
    // Of the answer to a registration that was a NON nobody knows more than that it was sent.
    if (became !== 'acknowledged' && became !== 'confirmed' && became !== 'sent') return false;
    acknowledge(this.state, became === 'acknowledged');
    this.#around.keptBytes.release(this);
    return true;
  }

  /** R18: waits for a sign of life. Without one for too long the observation ends. */
  async #heard(): Promise<void> {
    const { platform, keptBytes } = this.#around;
    this.state.parkedSince ??= platform.now();
    keptBytes.park(this);
    const left = this.state.parkedSince + PARKED - platform.now();
    const cancel = platform.setTimer(Math.max(0, left), () => this.#observation.end());
    await this.#observation.heard();
    cancel();
    keptBytes.unpark(this);
  }
}

/** What asking again cannot mend: an unknown token (401), an unknown position (400), ... */
function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429 && status !== 499;
}
