import type { User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import type { JsonObject } from '../json.ts';
import { sendEvent } from '../rooms.ts';
import { isSameState, type RoomEvent } from './event.ts';
import { type Membership, membershipOf, type Room, stateOf } from './room.ts';

/**
 * Changes what `target` is to a room, on behalf of `sender`. Joins and invitations carry the target's name and avatar. Joining or
 * leaving again in the same way sends nothing and gives the event that stands.
 *
 * @throws MatrixError 403 M_FORBIDDEN when the room's rules do not allow it
 */
export function changeMembership(
  { rooms, accounts }: Homeserver,
  room: Room,
  sender: User,
  target: string,
  membership: Membership,
  extra: JsonObject = {},
): RoomEvent {
  const profile = membership === 'join' || membership === 'invite' ? accounts.users.get(target)?.profile : undefined;
  const draft = {
    type: 'm.room.member',
    stateKey: target,
    sender: sender.id,
    content: { ...profile, ...extra, membership },
  };
  const current = stateOf(room, 'm.room.member', target);
  const mayRepeat = membership === 'join' || membership === 'leave';
  return mayRepeat && isSameState(current, draft) ? current : sendEvent(rooms, room, draft);
}

/** Gives a user's changed name and avatar to every room that they have joined. */
export function spreadProfile(homeserver: Homeserver, user: User): void {
  for (const room of homeserver.rooms.byUser.get(user.id) ?? []) {
    if (membershipOf(room, user.id) === 'join') changeMembership(homeserver, room, user, user.id, 'join');
  }
}
