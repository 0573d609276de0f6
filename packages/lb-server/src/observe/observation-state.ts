import type { HttpResponse, SyncReference, WrittenAnswer } from '@lb-matrix/msc3079-mapper';
import type { Counts, SyncAnswer } from './news.ts';
import type { Cursor, Subject } from './subject.ts';

/** An answer with news that the client has not acknowledged. */
export interface KeptAnswer {
  /** What the client asked from, or had acknowledged before it. */
  readonly since: string | undefined;
  readonly answer: SyncAnswer;
  /** What went out, and goes out again as it is. */
  readonly coap: WrittenAnswer;
  /** What it was written from, where it refers to an earlier answer: another observation may not know that. */
  readonly response: HttpResponse | undefined;
}

/**
 * All that an observation is, as plain data. `acked` moves by acknowledgement alone; `polled` moves over answers that
 * say nothing new, too. Nothing is asked of the homeserver beyond an answer with news before it is acknowledged: a
 * homeserver deletes to-device messages once it is asked for what comes after them.
 */
export interface ObservationState {
  readonly subject: Subject;
  acked: Cursor;
  polled: Cursor;
  /** The counts that the client knows. */
  delivered: Counts;
  kept: KeptAnswer | undefined;
  /** What answers may refer to: the last one that the client has acknowledged, and nothing else. */
  reference: SyncReference | undefined;
  /** Since when the client has been out of reach, in the platform's milliseconds. */
  parkedSince: number | undefined;
}

/** A client that has got to `since`. */
export function newState(subject: Subject, since: Cursor, reference: SyncReference | undefined): ObservationState {
  return { subject, acked: since, polled: since, delivered: {}, kept: undefined, reference, parkedSince: undefined };
}

/**
 * The client has what was kept for it.
 *
 * @param isAcknowledged - in this observation; otherwise it keeps referring to what came before
 */
export function acknowledge(state: ObservationState, isAcknowledged: boolean): void {
  const { answer, coap } = state.kept!;
  deliver(state, answer);
  if (isAcknowledged) state.reference = coap.next ?? state.reference;
  state.kept = undefined;
  state.parkedSince = undefined;
}

/** The client has an answer. */
export function deliver(state: ObservationState, { cursor, counts }: SyncAnswer): void {
  state.acked = cursor;
  state.polled = cursor;
  state.delivered = { ...state.delivered, ...counts };
}

/** An answer without news that is not sent. */
export function passOver(state: ObservationState, { cursor }: SyncAnswer): void {
  // A position of sliding sync ends the one before it: the client would be left with one that is not known any more.
  if (state.subject.kind === 'sync') state.polled = cursor;
}
