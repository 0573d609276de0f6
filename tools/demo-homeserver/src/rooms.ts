import type { Clock } from './clock.ts';
import { opaqueId } from './ids.ts';
import { authorise } from './room/auth-rules.ts';
import { checkDraft, type EventDraft, type RoomEvent } from './room/event.ts';
import { redact, redactionTarget } from './room/redaction.ts';
import { append, joinedMembers, membershipIn, type Room, stateOf } from './room/room.ts';
import { createTyping } from './room/typing.ts';
import type { Stream } from './stream.ts';

/** All rooms, who is to do with which, and their aliases. */
export interface Rooms {
  readonly clock: Clock;
  readonly stream: Stream;
  readonly byId: Map<string, Room>;
  /** User id -> rooms that have a member event for them. */
  readonly byUser: Map<string, Set<Room>>;
  /** Alias -> where it leads and who made it. */
  readonly aliases: Map<string, { readonly room: Room; readonly creator: string }>;
  /** Stream position of the latest event about any member of any room; 0 before the first. */
  membersPosition: number;
}

/** No rooms yet. */
export function createRooms(clock: Clock, stream: Stream): Rooms {
  return { clock, stream, byId: new Map(), byUser: new Map(), aliases: new Map(), membersPosition: 0 };
}

/** A room with nothing in it. */
export function openRoom(rooms: Rooms, serverName: string): Room {
  const room: Room = {
    id: `!${opaqueId()}:${serverName}`,
    timeline: [],
    state: new Map(),
    events: new Map(),
    relations: new Map(),
    typing: createTyping(),
    receipts: new Map(),
    forgotten: new Set(),
  };
  rooms.byId.set(room.id, room);
  return room;
}

/** Takes back a room whose creation failed half-way. */
export function discardRoom(rooms: Rooms, room: Room): void {
  rooms.byId.delete(room.id);
  for (const ofUser of rooms.byUser.values()) ofUser.delete(room);
}

/**
 * Checks a draft, makes it the room's next event and wakes those who are to hear of it.
 *
 * @throws MatrixError when {@link checkDraft}, {@link authorise} or {@link redactionTarget} refuse it
 */
export function sendEvent(rooms: Rooms, room: Room, draft: EventDraft): RoomEvent {
  checkDraft(draft);
  authorise(room, draft);
  const redacted = redactionTarget(room, draft);
  const { type, stateKey } = draft;
  const audience = memberIds(room);
  if (type === 'm.room.member' && stateKey !== undefined) audience.push(stateKey);
  const event: RoomEvent = {
    ...draft,
    eventId: `$${opaqueId()}`,
    roomId: room.id,
    ts: rooms.clock.now(),
    redactedBecause: undefined,
    replaces: stateKey === undefined ? undefined : stateOf(room, type, stateKey),
    position: rooms.stream.advance(audience),
  };
  append(room, event);
  if (redacted !== undefined) redact(redacted, event);
  if (type === 'm.room.member' && stateKey !== undefined) {
    rooms.membersPosition = event.position;
    room.forgotten.delete(stateKey);
    const ofUser = rooms.byUser.get(stateKey) ?? new Set();
    rooms.byUser.set(stateKey, ofUser.add(room));
    if (membershipIn(event) !== 'join') stopTyping(rooms, room, stateKey);
  }
  return event;
}

/** User ids of everybody who is joined. */
export function memberIds(room: Room): string[] {
  return joinedMembers(room).map((event) => event.stateKey ?? '');
}

/** Says that a user types, for so many milliseconds. */
export function startTyping(rooms: Rooms, room: Room, userId: string, ms: number): void {
  const { typing } = room;
  const endFormer = typing.users.get(userId);
  endFormer?.();
  typing.users.set(
    userId,
    rooms.clock.setTimer(ms, () => stopTyping(rooms, room, userId)),
  );
  if (endFormer === undefined) typing.position = rooms.stream.advance(memberIds(room));
}

/** Says that a user types no more. */
export function stopTyping(rooms: Rooms, room: Room, userId: string): void {
  const { typing } = room;
  typing.users.get(userId)?.();
  if (typing.users.delete(userId)) typing.position = rooms.stream.advance(memberIds(room));
}
