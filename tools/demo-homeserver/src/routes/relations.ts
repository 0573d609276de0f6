import { type ClientRequest, integerParam, param } from '../http/client-request.ts';
import { authorised, type Route, V1 } from '../http/route.ts';
import { invalidParam, MatrixError } from '../matrix-error.ts';
import type { RoomEvent } from '../room/event.ts';
import { MAX_RECURSION, relationOf, relationsTo, showEvent } from '../room/relations.ts';
import type { Room } from '../room/room.ts';
import { isVisible, viewLimit } from '../room/visibility.ts';
import { formatToken, parseToken, type Stream } from '../stream.ts';
import { MAX_EVENTS } from '../sync/filter.ts';
import { findRoom } from './find-room.ts';

const DEFAULT_LIMIT = 5;

/** What relates to an event, and the threads of a room. */
export const relationRoutes: readonly Route[] = [
  ...['', '/:relationType', '/:relationType/:eventType'].map((path) =>
    authorised(
      `GET /rooms/:roomId/relations/:eventId${path}`,
      (request, homeserver, requester) => {
        const { stream, clock } = homeserver;
        const room = findRoom(request, homeserver);
        const parent = findEvent(room, requester.user.id, param(request, 'eventId'));
        const recurse = request.query.get('recurse') === 'true';
        const { relationType, eventType } = request.params;
        const related = relationsTo(room, parent.eventId, recurse ? MAX_RECURSION : 1).filter(
          (event) =>
            (relationType === undefined || relationOf(event)?.type === relationType) &&
            (eventType === undefined || event.type === eventType) &&
            isVisible(room, requester.user.id, event),
        );
        const viewer = { requester, now: clock.now() };
        const { events, ...batch } = page(related, request, stream);
        return {
          chunk: events.map((event) => showEvent(room, event, viewer, { roomId: true })),
          ...batch,
          ...(recurse ? { recursion_depth: MAX_RECURSION } : {}),
        };
      },
      V1,
    ),
  ),
  authorised(
    'GET /rooms/:roomId/threads',
    (request, homeserver, requester) => {
      const { id } = requester.user;
      const room = findRoom(request, homeserver);
      viewLimit(room, id);
      const participated = request.query.get('include') === 'participated';
      const threads = [...room.relations.keys()]
        .flatMap((eventId) => threadOf(room, id, eventId))
        .filter(({ events }) => !participated || events.some(({ sender }) => sender === id))
        .sort((a, b) => b.latest - a.latest);
      const limit = limitOf(request);
      const from = integerParam(request, 'from', 0);
      const viewer = { requester, now: homeserver.clock.now() };
      return {
        chunk: threads.slice(from, from + limit).map(({ root }) => showEvent(room, root, viewer, { roomId: true })),
        ...(from + limit < threads.length ? { next_batch: String(from + limit) } : {}),
      };
    },
    V1,
  ),
];

function limitOf(request: ClientRequest): number {
  return Math.min(integerParam(request, 'limit', DEFAULT_LIMIT), MAX_EVENTS);
}

function findEvent(room: Room, userId: string, eventId: string): RoomEvent {
  viewLimit(room, userId);
  const event = room.events.get(eventId);
  if (event === undefined || !isVisible(room, userId, event))
    throw new MatrixError(404, 'M_UNKNOWN', 'Unknown parent event.');
  return event;
}

/** A page of events, which come oldest first, in the direction asked for: `b`, from the newest back, by default. */
function page(
  events: readonly RoomEvent[],
  request: ClientRequest,
  stream: Stream,
): { readonly events: readonly RoomEvent[]; readonly next_batch?: string; readonly prev_batch?: string } {
  const { query } = request;
  const dir = query.get('dir') ?? 'b';
  if (dir !== 'b' && dir !== 'f') throw invalidParam("Query parameter 'dir' must be one of ['b', 'f']");
  const position = (name: string): number | undefined => {
    const token = query.get(name);
    return token === null ? undefined : parseToken(token, name, stream);
  };
  const [from, to] = [position('from'), position('to')];
  const [after = 0, until = Number.POSITIVE_INFINITY] = dir === 'b' ? [to, from] : [from, to];
  const between = events.filter((event) => event.position > after && event.position <= until);
  if (dir === 'b') between.reverse();
  const shown = between.slice(0, limitOf(request));
  const last = shown.at(-1);
  return {
    events: shown,
    ...(last === undefined || shown.length === between.length
      ? {}
      : { next_batch: formatToken(dir === 'b' ? last.position - 1 : last.position) }),
    ...(from === undefined ? {} : { prev_batch: formatToken(from) }),
  };
}

/** The thread that starts at an event, if one does. */
function threadOf(
  room: Room,
  userId: string,
  eventId: string,
): { readonly root: RoomEvent; readonly events: readonly RoomEvent[]; readonly latest: number }[] {
  const root = room.events.get(eventId);
  const replies = relationsTo(room, eventId).filter(
    (event) => relationOf(event)?.type === 'm.thread' && isVisible(room, userId, event),
  );
  const latest = replies.at(-1);
  if (root === undefined || latest === undefined || !isVisible(room, userId, root)) return [];
  return [{ root, events: [root, ...replies], latest: latest.position }];
}
