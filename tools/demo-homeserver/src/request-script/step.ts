import type { Json } from '../json.ts';

/**
 * One request of the script and what any homeserver must answer.
 *
 * Strings may hold `{name}`: it stands for a value that an earlier step captured (percent-encoded in targets), or for `{run}`, a word of
 * this run that makes user names and aliases new.
 */
export interface Step {
  /** Says what happens; unique in the script. */
  readonly name: string;
  /** Method and target below `/_matrix/client`: `PUT /v3/rooms/{room}/send/m.room.message/1`. */
  readonly request: string;
  /** Whose access token goes along: the name of a captured token; none when absent. */
  readonly as?: string;
  /** JSON body; `undefined` sends none. */
  readonly body?: Json;
  /** Body text in place of `body`, for what is not JSON. */
  readonly rawBody?: string;
  /** HTTP status to expect; 200 when absent. */
  readonly status?: number;
  /** Matrix error code to expect; an answer without one when absent. */
  readonly errcode?: string;
  /** Values to expect, by pointer (see `resolvePointer`). */
  readonly values?: { readonly [pointer: string]: Json | undefined };
  /** Strings of the answer to keep: name -> pointer. */
  readonly capture?: { readonly [name: string]: string };
  /** A step to run while this one's answer is outstanding: this one is a long-poll, and that one wakes it. */
  readonly meanwhile?: Step;
}
