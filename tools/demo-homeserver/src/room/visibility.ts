import { notInRoom } from './auth-rules.ts';
import type { RoomEvent } from './event.ts';
import { membershipIn, membershipOf, type Room, stateAt, stateOf } from './room.ts';

/**
 * Up to which stream position a user may look into a room: without end for who is joined, up to the departure for who was, without end
 * for everybody where the room is world-readable.
 *
 * @throws MatrixError 403 M_FORBIDDEN for everybody else
 */
export function viewLimit(room: Room, userId: string): number {
  if (membershipOf(room, userId) === 'join') return Number.POSITIVE_INFINITY;
  if (historyVisibility(room, Number.POSITIVE_INFINITY) === 'world_readable') return Number.POSITIVE_INFINITY;
  const departure = lastDeparture(room, userId);
  if (departure === undefined || room.forgotten.has(userId)) throw notInRoom(room, userId);
  return departure.position;
}

/** The member event by which a user who had joined left or was banned, if they are out. */
function lastDeparture(room: Room, userId: string): RoomEvent | undefined {
  let event = stateOf(room, 'm.room.member', userId);
  while (event?.replaces !== undefined && membershipIn(event.replaces) !== 'join') event = event.replaces;
  return event?.replaces === undefined ? undefined : event;
}

/** Whether a user may see an event: the rules of `m.room.history_visibility`. One's own membership is always visible. */
export function isVisible(room: Room, userId: string, event: RoomEvent): boolean {
  if (event.type === 'm.room.member' && event.stateKey === userId) return true;
  const then = membershipOf(room, userId, event.position);
  switch (historyVisibility(room, event.position)) {
    case 'world_readable':
      return true;
    case 'joined':
      return then === 'join';
    case 'invited':
      return then === 'join' || then === 'invite';
    default:
      return then === 'join' || joinedAfter(room, userId, event.position);
  }
}

function joinedAfter(room: Room, userId: string, position: number): boolean {
  let event = stateOf(room, 'm.room.member', userId);
  while (event !== undefined && event.position > position) {
    if (membershipIn(event) === 'join') return true;
    event = event.replaces;
  }
  return false;
}

function historyVisibility(room: Room, position: number): string {
  const visibility = stateAt(room, position, 'm.room.history_visibility')?.content.history_visibility;
  return typeof visibility === 'string' ? visibility : 'shared';
}
