import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, param, requiredString } from '../http/client-request.ts';
import { authorised, open, type Route } from '../http/route.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '../matrix-error.ts';
import { notInRoom } from '../room/auth-rules.ts';
import { powerOf, powerToSend } from '../room/power.ts';
import { membershipOf, type Room } from '../room/room.ts';

/** Room aliases. */
export const directoryRoutes: readonly Route[] = [
  open('GET /directory/room/:alias', (request, homeserver) => ({
    room_id: findAlias(homeserver, aliasOf(request, homeserver)).room.id,
    servers: [homeserver.serverName],
  })),
  authorised('PUT /directory/room/:alias', (request, homeserver, { user }) => {
    const alias = aliasOf(request, homeserver);
    const roomId = requiredString(jsonBody(request), 'room_id');
    const room = homeserver.rooms.byId.get(roomId);
    if (room === undefined) throw new MatrixError(400, 'M_UNKNOWN', 'Room does not exist');
    if (membershipOf(room, user.id) !== 'join') throw notInRoom(room, user.id);
    if (homeserver.rooms.aliases.has(alias)) {
      throw new MatrixError(409, 'M_UNKNOWN', `Room alias ${alias} already exists`);
    }
    homeserver.rooms.aliases.set(alias, { room, creator: user.id });
    return {};
  }),
  authorised('DELETE /directory/room/:alias', (request, homeserver, { user }) => {
    const alias = aliasOf(request, homeserver);
    const { room, creator } = findAlias(homeserver, alias);
    if (creator !== user.id) {
      if (membershipOf(room, user.id) !== 'join') throw notInRoom(room, user.id);
      const needed = powerToSend(room, 'm.room.canonical_alias', true);
      if (powerOf(room, user.id) < needed) throw forbidden("You don't have permission to delete the alias.");
    }
    homeserver.rooms.aliases.delete(alias);
    return {};
  }),
];

/**
 * The room that an alias leads to, and who made the alias.
 *
 * @throws MatrixError 404 M_NOT_FOUND
 */
export function findAlias({ rooms }: Homeserver, alias: string): { readonly room: Room; readonly creator: string } {
  const found = rooms.aliases.get(alias);
  if (found === undefined) throw notFound(`Room alias ${alias} not found`);
  return found;
}

function aliasOf(request: ClientRequest, { serverName }: Homeserver): string {
  const alias = param(request, 'alias');
  if (!alias.startsWith('#') || !alias.includes(':')) throw invalidParam('Room alias invalid');
  if (request.method !== 'GET' && !alias.endsWith(`:${serverName}`)) {
    throw invalidParam('The alias belongs to another server');
  }
  return alias;
}
