import { isObject, type Json } from '../json.ts';
import type { RoomEvent } from './event.ts';
import type { Receipts } from './receipts.ts';
import type { Typing } from './typing.ts';

/** A room: its events, in the order of the stream, and what they come to. */
export interface Room {
  readonly id: string;
  readonly timeline: RoomEvent[];
  /** Current state; see {@link stateOf} for its keys. */
  readonly state: Map<string, RoomEvent>;
  readonly events: Map<string, RoomEvent>;
  /** Events that say to relate to one: event id -> them, in the order of the stream. */
  readonly relations: Map<string, RoomEvent[]>;
  readonly typing: Typing;
  readonly receipts: Receipts;
  /** User ids of those who left and want to hear no more of it. */
  readonly forgotten: Set<string>;
}

const MEMBERSHIPS = ['join', 'invite', 'leave', 'ban'] as const;

/** What a user is to a room. */
export type Membership = (typeof MEMBERSHIPS)[number];

/** Whether a value is a membership that this server has. */
export function isMembership(value: Json | undefined): value is Membership {
  return MEMBERSHIPS.some((membership) => membership === value);
}

/** The current state of a type and key. */
export function stateOf(room: Room, type: string, stateKey = ''): RoomEvent | undefined {
  return room.state.get(stateId(type, stateKey));
}

/** The state of a type and key as it was at a stream position. */
export function stateAt(room: Room, position: number, type: string, stateKey = ''): RoomEvent | undefined {
  return asOf(stateOf(room, type, stateKey), position);
}

/** All state as it was at a stream position. */
export function allStateAt(room: Room, position: number): RoomEvent[] {
  return [...room.state.values()].flatMap((event) => asOf(event, position) ?? []);
}

function asOf(event: RoomEvent | undefined, position: number): RoomEvent | undefined {
  let known = event;
  while (known !== undefined && known.position > position) known = known.replaces;
  return known;
}

/** What a user is to a room, at a stream position or now. Who was never there has left. */
export function membershipOf(room: Room, userId: string, position: number = Number.POSITIVE_INFINITY): Membership {
  return membershipIn(stateAt(room, position, 'm.room.member', userId));
}

/** The membership that a member event gives. */
export function membershipIn(event: RoomEvent | undefined): Membership {
  const membership = event?.content.membership;
  return isMembership(membership) ? membership : 'leave';
}

/** The stream position at which a user joined for the last time; 0 when they never did. Later changes of name do not count. */
export function joinedSince(room: Room, userId: string): number {
  let event = stateOf(room, 'm.room.member', userId);
  while (event !== undefined && membershipIn(event) !== 'join') event = event.replaces;
  while (event?.replaces !== undefined && membershipIn(event.replaces) === 'join') event = event.replaces;
  return event?.position ?? 0;
}

/** The member events of everybody who is joined. */
export function joinedMembers(room: Room): RoomEvent[] {
  return [...room.state.values()].filter(
    (event) => event.type === 'm.room.member' && event.content.membership === 'join',
  );
}

/** Adds an event at the end. */
export function append(room: Room, event: RoomEvent): void {
  room.timeline.push(event);
  room.events.set(event.eventId, event);
  const relation = event.content['m.relates_to'];
  if (isObject(relation) && typeof relation.event_id === 'string') {
    room.relations.set(relation.event_id, [...(room.relations.get(relation.event_id) ?? []), event]);
  }
  if (event.stateKey !== undefined) room.state.set(stateId(event.type, event.stateKey), event);
}

function stateId(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey]);
}
