import type { JsonObject } from '../json.ts';
import { forbidden } from '../matrix-error.ts';
import type { EventDraft, RoomEvent } from './event.ts';
import { powerFor, powerOf } from './power.ts';
import type { Room } from './room.ts';

/** What stays of the content of an event that was redacted: the redaction algorithm of room version 11. Nothing of other types. */
const KEPT: { readonly [type: string]: readonly string[] } = {
  'm.room.member': ['membership', 'join_authorised_via_users_server'],
  'm.room.join_rules': ['join_rule', 'allow'],
  'm.room.history_visibility': ['history_visibility'],
  'm.room.redaction': ['redacts'],
  'm.room.power_levels': [
    'ban',
    'events',
    'events_default',
    'invite',
    'kick',
    'redact',
    'state_default',
    'users',
    'users_default',
  ],
};

/**
 * The event that a draft redacts; `undefined` when it is no redaction or of what is not there. One's own events one may always redact, others' with the power for it.
 *
 * @throws MatrixError 403 M_FORBIDDEN
 */
export function redactionTarget(room: Room, { type, sender, content }: EventDraft): RoomEvent | undefined {
  if (type !== 'm.room.redaction') return undefined;
  const target = typeof content.redacts === 'string' ? room.events.get(content.redacts) : undefined;
  if (target === undefined) return undefined;
  if (target.type === 'm.room.create') throw forbidden('Redacting create events is not permitted');
  if (target.sender !== sender && powerOf(room, sender) < powerFor(room, 'redact')) {
    throw forbidden("You don't have permission to redact events of others");
  }
  return target;
}

/** Takes away what an event said. */
export function redact(target: RoomEvent, redaction: RoomEvent): void {
  target.content = pruned(target.type, target.content);
  target.redactedBecause = redaction;
}

function pruned(type: string, content: JsonObject): JsonObject {
  const kept = KEPT[type] ?? [];
  return Object.fromEntries(Object.entries(content).filter(([key]) => kept.includes(key)));
}
