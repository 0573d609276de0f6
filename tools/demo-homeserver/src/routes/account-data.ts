import type { AccountData, User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { forbidden, MatrixError, notFound } from '../matrix-error.ts';

/** What clients keep for their user, in general and for a room. */
export const accountDataRoutes: readonly Route[] = [
  ...['/user/:userId/account_data/:type', '/user/:userId/rooms/:roomId/account_data/:type'].flatMap((path) => [
    authorised(`PUT ${path}`, put),
    authorised(`GET ${path}`, get),
  ]),
  authorised('GET /user/:userId/rooms/:roomId/tags', (request, _homeserver, { user }) => {
    checkOwner(request, user);
    return { tags: tagsOf(user, param(request, 'roomId')) };
  }),
  authorised('PUT /user/:userId/rooms/:roomId/tags/:tag', (request, homeserver, { user }) => {
    checkOwner(request, user);
    const roomId = param(request, 'roomId');
    const tags = { ...tagsOf(user, roomId), [param(request, 'tag')]: jsonBody(request) };
    setAccountData(homeserver, user, roomId, TAG_TYPE, { tags });
    return {};
  }),
  authorised('DELETE /user/:userId/rooms/:roomId/tags/:tag', (request, homeserver, { user }) => {
    checkOwner(request, user);
    const roomId = param(request, 'roomId');
    const { [param(request, 'tag')]: _removed, ...tags } = tagsOf(user, roomId);
    setAccountData(homeserver, user, roomId, TAG_TYPE, { tags });
    return {};
  }),
];

/** The account data of a room that its tags are. */
const TAG_TYPE = 'm.tag';

/** Types that have endpoints of their own. */
const SERVER_MANAGED = ['m.fully_read', 'm.push_rules'];

function put(request: ClientRequest, homeserver: Homeserver, { user }: { readonly user: User }): Json {
  checkOwner(request, user);
  const type = param(request, 'type');
  if (SERVER_MANAGED.includes(type)) {
    throw new MatrixError(405, 'M_BAD_JSON', `Cannot set ${type} through this API.`);
  }
  setAccountData(homeserver, user, request.params.roomId, type, jsonBody(request));
  return {};
}

function get(request: ClientRequest, _homeserver: Homeserver, { user }: { readonly user: User }): Json {
  checkOwner(request, user);
  const { roomId } = request.params;
  const data = roomId === undefined ? user.accountData : user.roomAccountData.get(roomId);
  const found = data?.get(param(request, 'type'));
  if (found === undefined) throw notFound('Account data not found');
  return found.content;
}

function tagsOf({ roomAccountData }: User, roomId: string): JsonObject {
  const tags = roomAccountData.get(roomId)?.get(TAG_TYPE)?.content.tags;
  return isObject(tags) ? tags : {};
}

function checkOwner(request: ClientRequest, user: User): void {
  if (param(request, 'userId') !== user.id) throw forbidden('Cannot get account data for other users.');
}

/** Keeps account data, of a room or global, and wakes the user's devices. */
export function setAccountData(
  { stream }: Homeserver,
  user: User,
  roomId: string | undefined,
  type: string,
  content: JsonObject,
): void {
  const data = roomId === undefined ? user.accountData : dataOfRoom(user, roomId);
  data.set(type, { content, position: stream.advance([user.id]) });
}

function dataOfRoom({ roomAccountData }: User, roomId: string): Map<string, AccountData> {
  const data = roomAccountData.get(roomId) ?? new Map();
  roomAccountData.set(roomId, data);
  return data;
}
