import { authorised, type Route } from '../http/route.ts';
import { toClientEvent } from '../room/event.ts';
import { allStateAt, joinedMembers, membershipIn, membershipOf } from '../room/room.ts';
import { viewLimit } from '../room/visibility.ts';
import { findJoinedRoom, findRoom } from './find-room.ts';

/** Who is in which room. */
export const memberRoutes: readonly Route[] = [
  authorised('GET /joined_rooms', (_request, { rooms }, { user }) => ({
    joined_rooms: [...(rooms.byUser.get(user.id) ?? [])]
      .filter((room) => membershipOf(room, user.id) === 'join')
      .map((room) => room.id),
  })),
  authorised('GET /rooms/:roomId/joined_members', (request, homeserver, { user }) => {
    const members = joinedMembers(findJoinedRoom(request, homeserver, user.id));
    return {
      joined: Object.fromEntries(
        members.map(({ stateKey = '', content }) => [
          stateKey,
          { display_name: content.displayname ?? null, avatar_url: content.avatar_url ?? null },
        ]),
      ),
    };
  }),
  authorised('GET /rooms/:roomId/members', (request, homeserver, requester) => {
    const room = findRoom(request, homeserver);
    const wanted = request.query.get('membership');
    const unwanted = request.query.get('not_membership');
    const members = allStateAt(room, viewLimit(room, requester.user.id)).filter(
      (event) =>
        event.type === 'm.room.member' &&
        (wanted === null || membershipIn(event) === wanted) &&
        membershipIn(event) !== unwanted,
    );
    const viewer = { requester, now: homeserver.clock.now() };
    return { chunk: members.map((event) => toClientEvent(event, viewer, { roomId: true })) };
  }),
];
