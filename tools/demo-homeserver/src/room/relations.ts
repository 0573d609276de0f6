import { isObject, type JsonObject } from '../json.ts';
import { type RoomEvent, toClientEvent, type Viewer } from './event.ts';
import { membershipOf, type Room } from './room.ts';
import { isVisible } from './visibility.ts';

/** How deep `recurse` goes, as Synapse does: relations, theirs, and theirs again. */
export const MAX_RECURSION = 3;

/** The relation that an event has to another: `m.relates_to` with a `rel_type`. */
export function relationOf({
  content,
}: {
  readonly content: JsonObject;
}): { readonly type: string; readonly eventId: string } | undefined {
  const relation = content['m.relates_to'];
  if (!isObject(relation)) return undefined;
  const { rel_type: type, event_id: eventId } = relation;
  return typeof type === 'string' && typeof eventId === 'string' ? { type, eventId } : undefined;
}

/** The events that relate to one, oldest first; `depth` above 1 adds those that relate to them. */
export function relationsTo(room: Room, eventId: string, depth = 1): RoomEvent[] {
  if (depth === 0) return [];
  // Redaction takes the relation away, but not the event out of the index.
  const direct = (room.relations.get(eventId) ?? []).filter((event) => relationOf(event)?.eventId === eventId);
  const further = direct.flatMap((event) => relationsTo(room, event.eventId, depth - 1));
  return [...new Set([...direct, ...further])].sort((a, b) => a.position - b.position);
}

/** An event of a timeline as the client-server API gives it: with the user's membership at the time and, when `bundled`, what relates to it. */
export function showEvent(
  room: Room,
  event: RoomEvent,
  viewer: Viewer,
  { roomId = false, bundled = true }: { roomId?: boolean; bundled?: boolean } = {},
): JsonObject {
  const membership = membershipOf(room, viewer.requester.user.id, event.position);
  const relations = bundled ? bundle(room, event, viewer, roomId) : undefined;
  return toClientEvent(event, viewer, { roomId, membership, relations });
}

/** `unsigned.m.relations`: the thread that starts here, and the latest edit. */
function bundle(room: Room, event: RoomEvent, viewer: Viewer, roomId: boolean): JsonObject | undefined {
  const { id } = viewer.requester.user;
  if (event.redactedBecause !== undefined || event.stateKey !== undefined) return undefined;
  const related = relationsTo(room, event.eventId).filter((other) => isVisible(room, id, other));
  const edit = related.findLast((other) => isEdit(other, event));
  const replies = related.filter((other) => relationOf(other)?.type === 'm.thread');
  const latest = replies.at(-1);
  if (edit === undefined && latest === undefined) return undefined;
  return {
    ...(edit === undefined ? {} : { 'm.replace': toClientEvent(edit, viewer, { roomId }) }),
    ...(latest === undefined
      ? {}
      : {
          'm.thread': {
            latest_event: toClientEvent(latest, viewer, { roomId }),
            count: replies.length,
            current_user_participated: [event, ...replies].some(({ sender }) => sender === id),
          },
        }),
  };
}

/** Only the sender edits, and only by an event of the same type. */
function isEdit(other: RoomEvent, event: RoomEvent): boolean {
  return relationOf(other)?.type === 'm.replace' && other.sender === event.sender && other.type === event.type;
}
