import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, param } from '../http/client-request.ts';
import { forbidden } from '../matrix-error.ts';
import { notInRoom } from '../room/auth-rules.ts';
import { membershipOf, type Room } from '../room/room.ts';

/**
 * The room that a path names by `:roomId`. A room that does not exist and one that is none of a user's business look alike.
 *
 * @throws MatrixError 403 M_FORBIDDEN
 */
export function findRoom(request: ClientRequest, { rooms }: Homeserver): Room {
  const roomId = param(request, 'roomId');
  const room = rooms.byId.get(roomId);
  if (room === undefined) throw forbidden(`User not in room ${roomId}`);
  return room;
}

/**
 * {@link findRoom} for what only joined members may do.
 *
 * @throws MatrixError 403 M_FORBIDDEN
 */
export function findJoinedRoom(request: ClientRequest, homeserver: Homeserver, userId: string): Room {
  const room = findRoom(request, homeserver);
  if (membershipOf(room, userId) !== 'join') throw notInRoom(room, userId);
  return room;
}
