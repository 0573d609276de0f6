import type { User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, jsonBodyOrEmpty, param, requiredString } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isUserId } from '../ids.ts';
import type { Json, JsonObject } from '../json.ts';
import { badState, invalidParam, MatrixError } from '../matrix-error.ts';
import { createRoom } from '../room/create-room.ts';
import { changeMembership } from '../room/membership.ts';
import { type Membership, membershipOf, type Room } from '../room/room.ts';
import { findAlias } from './directory.ts';
import { findRoom } from './find-room.ts';

/** Making rooms, and who is in them. */
export const membershipRoutes: readonly Route[] = [
  authorised('POST /createRoom', (request, homeserver, { user }) => {
    homeserver.sending(user.id);
    return { room_id: createRoom(homeserver, user, jsonBody(request)).id };
  }),
  authorised('POST /rooms/:roomId/join', (request, homeserver, { user }) =>
    join(homeserver, user, homeserver.rooms.byId.get(param(request, 'roomId')), request),
  ),
  authorised('POST /join/:roomIdOrAlias', (request, homeserver, { user }) => {
    const roomIdOrAlias = param(request, 'roomIdOrAlias');
    if (roomIdOrAlias.startsWith('#'))
      return join(homeserver, user, findAlias(homeserver, roomIdOrAlias).room, request);
    if (roomIdOrAlias.startsWith('!')) return join(homeserver, user, homeserver.rooms.byId.get(roomIdOrAlias), request);
    throw new MatrixError(400, 'M_UNKNOWN', `${roomIdOrAlias} was not legal room ID or room alias`);
  }),
  authorised('POST /rooms/:roomId/leave', (request, homeserver, { user }) => {
    const room = homeserver.rooms.byId.get(param(request, 'roomId'));
    if (room === undefined) throw new MatrixError(404, 'M_UNKNOWN', 'Not a known room');
    changeMembership(homeserver, room, user, user.id, 'leave', reasonOf(jsonBodyOrEmpty(request)));
    return {};
  }),
  authorised('POST /rooms/:roomId/forget', (request, homeserver, { user }) => {
    const room = findRoom(request, homeserver);
    const membership = membershipOf(room, user.id);
    if (membership === 'join' || membership === 'invite') {
      throw new MatrixError(400, 'M_UNKNOWN', `User ${user.id} in room ${room.id}`);
    }
    room.forgotten.add(user.id);
    return {};
  }),
  authorised('POST /rooms/:roomId/invite', changeOther('invite')),
  authorised('POST /rooms/:roomId/kick', changeOther('leave')),
  authorised('POST /rooms/:roomId/ban', changeOther('ban')),
  authorised('POST /rooms/:roomId/unban', (request, homeserver, { user }) => {
    const room = findRoom(request, homeserver);
    const body = jsonBody(request);
    const target = targetOf(body);
    if (membershipOf(room, target) !== 'ban') throw badState('Cannot unban user who was not banned');
    changeMembership(homeserver, room, user, target, 'leave', reasonOf(body));
    return {};
  }),
];

function join(homeserver: Homeserver, user: User, room: Room | undefined, request: ClientRequest): Json {
  if (room === undefined) {
    throw new MatrixError(404, 'M_UNKNOWN', "Can't join remote room because this server has no federation");
  }
  changeMembership(homeserver, room, user, user.id, 'join', reasonOf(jsonBodyOrEmpty(request)));
  return { room_id: room.id };
}

function changeOther(membership: Membership) {
  return (request: ClientRequest, homeserver: Homeserver, { user }: { readonly user: User }): Json => {
    const room = findRoom(request, homeserver);
    const body = jsonBody(request);
    changeMembership(homeserver, room, user, targetOf(body), membership, reasonOf(body));
    return {};
  };
}

function targetOf(body: JsonObject): string {
  const userId = requiredString(body, 'user_id');
  if (!isUserId(userId)) throw invalidParam("Expected UserID string to start with '@'");
  return userId;
}

function reasonOf({ reason }: JsonObject): JsonObject {
  return typeof reason === 'string' ? { reason } : {};
}
