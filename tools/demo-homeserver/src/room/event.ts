import { isDeepStrictEqual } from 'node:util';
import type { Device, Requester } from '../accounts.ts';
import { isArray, type Json, type JsonObject } from '../json.ts';
import { badJson, MatrixError } from '../matrix-error.ts';

/** An event of a room. */
export interface RoomEvent extends EventDraft {
  /** What it says; less after a redaction. */
  content: JsonObject;
  /** The redaction that took the content away. */
  redactedBecause: RoomEvent | undefined;
  readonly eventId: string;
  readonly roomId: string;
  /** `origin_server_ts`: milliseconds since the epoch. */
  readonly ts: number;
  /** Its place in the stream. */
  readonly position: number;
  /** The state event of the same type and key that this one took the place of. */
  readonly replaces: RoomEvent | undefined;
}

/** What somebody wants to send. */
export interface EventDraft {
  readonly type: string;
  /** Present for state. */
  readonly stateKey?: string | undefined;
  /** User id. */
  readonly sender: string;
  readonly content: JsonObject;
  /** The transaction that sent it, which only its own device is told. */
  readonly transaction?: { readonly device: Device; readonly id: string };
}

/** The largest event in bytes of JSON, as in the specification's size limits. */
const MAX_EVENT_BYTES = 65_536;

/** The largest type, state key or sender in bytes, ibid. */
const MAX_FIELD_BYTES = 255;

const encoder = new TextEncoder();

/**
 * Checks that a draft may become an event of any room.
 *
 * @throws MatrixError 413 M_TOO_LARGE, or 400 M_BAD_JSON for numbers that canonical JSON does not have
 */
export function checkDraft({ type, stateKey = '', sender, content }: EventDraft): void {
  if ([type, stateKey, sender].some((field) => encoder.encode(field).length > MAX_FIELD_BYTES)) {
    throw new MatrixError(413, 'M_TOO_LARGE', 'event too large');
  }
  if (encoder.encode(JSON.stringify({ type, stateKey, sender, content })).length > MAX_EVENT_BYTES) {
    throw new MatrixError(413, 'M_TOO_LARGE', 'event too large');
  }
  checkCanonical(content);
}

/** Canonical JSON has integers from -(2^53)+1 to (2^53)-1 and no other numbers. */
function checkCanonical(value: Json): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw badJson('Bad JSON value: not an integer');
  if (typeof value !== 'object' || value === null) return;
  for (const member of isArray(value) ? value : Object.values(value)) checkCanonical(member);
}

/** Whether a draft would change nothing about the state that it is meant for. */
export function isSameState(current: RoomEvent | undefined, { sender, content }: EventDraft): current is RoomEvent {
  return current !== undefined && current.sender === sender && isDeepStrictEqual(current.content, content);
}

/** Who looks at an event, and when. */
export interface Viewer {
  readonly requester: Requester;
  readonly now: number;
}

/** An event as the client-server API gives it. */
export function toClientEvent(
  event: RoomEvent,
  { requester, now }: Viewer,
  options: { roomId?: boolean; membership?: string | undefined; relations?: JsonObject | undefined } = {},
): JsonObject {
  const { roomId = false, membership, relations } = options;
  const { replaces, transaction, redactedBecause } = event;
  return {
    content: event.content,
    event_id: event.eventId,
    origin_server_ts: event.ts,
    ...(event.type === 'm.room.redaction' ? { redacts: event.content.redacts ?? null } : {}),
    ...(roomId ? { room_id: event.roomId } : {}),
    sender: event.sender,
    ...(event.stateKey === undefined ? {} : { state_key: event.stateKey }),
    type: event.type,
    unsigned: {
      age: now - event.ts,
      ...(membership === undefined ? {} : { membership }),
      ...(replaces === undefined
        ? {}
        : { prev_content: replaces.content, prev_sender: replaces.sender, replaces_state: replaces.eventId }),
      ...(relations === undefined ? {} : { 'm.relations': relations }),
      ...(redactedBecause === undefined
        ? {}
        : { redacted_because: toClientEvent(redactedBecause, { requester, now }, { roomId }) }),
      ...(transaction?.device === requester.device ? { transaction_id: transaction.id } : {}),
    },
  };
}

/** A state event as somebody outside the room sees it. */
export function toStrippedEvent({ content, sender, stateKey = '', type }: RoomEvent): JsonObject {
  return { content, sender, state_key: stateKey, type };
}
