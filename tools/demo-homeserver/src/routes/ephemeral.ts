import type { Requester, User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, jsonBodyOrEmpty, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import type { Json } from '../json.ts';
import { badJson, invalidParam, MatrixError } from '../matrix-error.ts';
import { type ReceiptType, setReceipt } from '../room/receipts.ts';
import type { Room } from '../room/room.ts';
import { memberIds, startTyping, stopTyping } from '../rooms.ts';
import { setAccountData } from './account-data.ts';
import { findJoinedRoom } from './find-room.ts';

const DEFAULT_TYPING_MS = 30_000;
const MAX_TYPING_MS = 120_000;

/** Typing and reading. */
export const ephemeralRoutes: readonly Route[] = [
  authorised('PUT /rooms/:roomId/typing/:userId', (request, homeserver, { user }) => {
    if (param(request, 'userId') !== user.id) {
      throw new MatrixError(400, 'M_FORBIDDEN', "Cannot set another user's typing state");
    }
    const room = findJoinedRoom(request, homeserver, user.id);
    const { typing, timeout = DEFAULT_TYPING_MS } = jsonBody(request);
    if (typeof typing !== 'boolean') throw badJson("'typing' must be a boolean");
    if (typeof timeout !== 'number') throw badJson("'timeout' must be a number");
    if (typing) startTyping(homeserver.rooms, room, user.id, Math.min(timeout, MAX_TYPING_MS));
    else stopTyping(homeserver.rooms, room, user.id);
    return {};
  }),
  authorised('POST /rooms/:roomId/receipt/:type/:eventId', (request, homeserver, requester) => {
    const room = findJoinedRoom(request, homeserver, requester.user.id);
    const { thread_id: threadId } = jsonBodyOrEmpty(request);
    if (threadId !== undefined && typeof threadId !== 'string') throw invalidParam("'thread_id' must be a string");
    markRead(homeserver, room, requester, param(request, 'type'), param(request, 'eventId'), threadId);
    return {};
  }),
  authorised('POST /rooms/:roomId/read_markers', setReadMarkers),
];

const MARKERS = ['m.fully_read', 'm.read', 'm.read.private'] as const;

function setReadMarkers(request: ClientRequest, homeserver: Homeserver, requester: Requester): Json {
  const room = findJoinedRoom(request, homeserver, requester.user.id);
  const body = jsonBody(request);
  for (const type of MARKERS) {
    const eventId = body[type];
    if (eventId === undefined) continue;
    if (typeof eventId !== 'string') throw badJson(`'${type}' must be an event id`);
    markRead(homeserver, room, requester, type, eventId, undefined);
  }
  return {};
}

function markRead(
  homeserver: Homeserver,
  room: Room,
  { user }: Requester,
  type: string,
  eventId: string,
  threadId: string | undefined,
): void {
  if (type === 'm.fully_read') setAccountData(homeserver, user, room.id, type, { event_id: eventId });
  else if (type === 'm.read' || type === 'm.read.private') setRead(homeserver, room, user, type, eventId, threadId);
  else throw new MatrixError(400, 'M_UNKNOWN', `Receipt type must be ${MARKERS.join(', ')}`);
}

function setRead(
  { clock, stream }: Homeserver,
  room: Room,
  { id: userId }: User,
  type: ReceiptType,
  eventId: string,
  threadId: string | undefined,
): void {
  const audience = type === 'm.read' ? memberIds(room) : [userId];
  const position = stream.advance(audience);
  setReceipt(room.receipts, { eventId, userId, type, ts: clock.now(), threadId, position });
}
