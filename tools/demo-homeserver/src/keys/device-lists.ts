import type { User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { membershipOf, type Room, stateOf } from '../room/room.ts';
import { memberIds } from '../rooms.ts';
import type { Span } from '../sync/room-section.ts';

/** Whose keys a client has to ask for again, and whose it may forget. */
export interface DeviceListChanges {
  readonly changed: readonly string[];
  readonly left: readonly string[];
}

/** Says that the devices or keys of a user have changed, to everybody who shares a room with them and to themselves. */
export function touchDeviceList({ accounts, rooms, stream }: Homeserver, user: User): void {
  const audience = new Set([user.id]);
  for (const room of joinedRooms(rooms.byUser.get(user.id), user.id)) {
    for (const userId of memberIds(room)) audience.add(userId);
  }
  user.deviceListPosition = stream.advance(audience);
  accounts.keysPosition = user.deviceListPosition;
}

/** What changed in a span: keys, and with whom a room is shared. */
export function deviceListChanges(
  homeserver: Homeserver,
  user: User,
  { since, until, fullState }: Span,
): DeviceListChanges {
  const { accounts, rooms } = homeserver;
  // Most syncs are about something else, and need not look at everybody in every room.
  if (!fullState && since >= Math.max(accounts.keysPosition, rooms.membersPosition)) return { changed: [], left: [] };
  const known = rooms.byUser.get(user.id) ?? new Set();
  const sharing = new Set([user.id]);
  const changed = new Set<string>();
  for (const room of joinedRooms(known, user.id)) {
    const isNew = membershipOf(room, user.id, since) !== 'join';
    for (const userId of membersAt(room, until)) {
      sharing.add(userId);
      // Like Synapse, everybody of whom a member event comes along, their own and mere changes of name included.
      const { position = 0 } = stateOf(room, 'm.room.member', userId) ?? {};
      if (isNew || fullState || position > since) changed.add(userId);
    }
  }
  for (const userId of sharing) {
    const { deviceListPosition = 0 } = accounts.users.get(userId) ?? {};
    if (deviceListPosition > since && deviceListPosition <= until) changed.add(userId);
  }
  for (const { target, position } of user.signatures) {
    if (position > since && position <= until) changed.add(target);
  }
  const before = [...known].filter((room) => membershipOf(room, user.id, since) === 'join');
  const left = new Set(before.flatMap((room) => membersAt(room, since)).filter((userId) => !sharing.has(userId)));
  return { changed: [...changed], left: [...left] };
}

function joinedRooms(rooms: Iterable<Room> = [], userId: string): Room[] {
  return [...rooms].filter((room) => membershipOf(room, userId) === 'join');
}

/** Those who are joined or invited: messages are encrypted for both. */
function membersAt(room: Room, position: number): string[] {
  return [...room.state.values()].flatMap(({ type, stateKey = '' }) =>
    type === 'm.room.member' && isMember(room, stateKey, position) ? [stateKey] : [],
  );
}

function isMember(room: Room, userId: string, position: number): boolean {
  const membership = membershipOf(room, userId, position);
  return membership === 'join' || membership === 'invite';
}
