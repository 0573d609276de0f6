import type { User } from '../accounts.ts';
import { integerParam, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { invalidParam, notFound } from '../matrix-error.ts';
import { type RoomEvent, toClientEvent } from '../room/event.ts';
import { showEvent } from '../room/relations.ts';
import { allStateAt, type Room } from '../room/room.ts';
import { isVisible, viewLimit } from '../room/visibility.ts';
import { formatToken, parseToken } from '../stream.ts';
import { type EventFilter, MAX_EVENTS, parseEventFilter, parseFilterText, passes } from '../sync/filter.ts';
import { findRoom } from './find-room.ts';

const DEFAULT_LIMIT = 10;

/** Paging through a room. */
export const messageRoutes: readonly Route[] = [
  authorised('GET /rooms/:roomId/messages', (request, homeserver, requester) => {
    const { stream, clock } = homeserver;
    const { user } = requester;
    const { query } = request;
    const room = findRoom(request, homeserver);
    const latest = Math.min(viewLimit(room, user.id), stream.position);
    const dir = query.get('dir');
    if (dir !== 'b' && dir !== 'f') throw invalidParam("Query parameter 'dir' must be one of ['b', 'f']");
    const limit = Math.min(integerParam(request, 'limit', DEFAULT_LIMIT), MAX_EVENTS);
    const text = query.get('filter');
    const filter = parseEventFilter(text === null ? {} : parseFilterText(text));
    const position = (name: string, fallback: number): number => {
      const token = query.get(name);
      return token === null ? fallback : parseToken(token, name, stream);
    };
    const from = position('from', dir === 'b' ? latest : 0);
    const to = position('to', dir === 'b' ? 0 : latest);

    const chunk = page(
      room,
      user,
      filter,
      dir === 'b' ? { after: to, until: from } : { after: from, until: to },
      dir,
    ).slice(0, limit);
    const last = chunk.at(-1);
    const viewer = { requester, now: clock.now() };
    return {
      chunk: chunk.map((event) => showEvent(room, event, viewer, { roomId: true })),
      start: formatToken(from),
      ...(last === undefined ? {} : { end: formatToken(dir === 'b' ? last.position - 1 : last.position) }),
    };
  }),
  authorised('GET /rooms/:roomId/context/:eventId', (request, homeserver, requester) => {
    const { user } = requester;
    const room = findRoom(request, homeserver);
    const latest = Math.min(viewLimit(room, user.id), homeserver.stream.position);
    const event = room.events.get(param(request, 'eventId'));
    if (event === undefined || !isVisible(room, user.id, event)) throw notFound('Event not found.');
    const text = request.query.get('filter');
    const filter = parseEventFilter(text === null ? {} : parseFilterText(text));
    const limit = Math.min(integerParam(request, 'limit', DEFAULT_LIMIT), MAX_EVENTS);
    const half = Math.floor(limit / 2);
    const before = page(room, user, filter, { after: 0, until: event.position - 1 }, 'b').slice(0, half);
    const after = page(room, user, filter, { after: event.position, until: latest }, 'f').slice(0, limit - half);
    const last = after.at(-1) ?? event;
    const viewer = { requester, now: homeserver.clock.now() };
    const show = (shown: RoomEvent) => showEvent(room, shown, viewer, { roomId: true });
    return {
      event: show(event),
      events_before: before.map(show),
      events_after: after.map(show),
      state: allStateAt(room, last.position).map((shown) => toClientEvent(shown, viewer, { roomId: true })),
      start: formatToken((before.at(-1) ?? event).position - 1),
      end: formatToken(last.position),
    };
  }),
];

/** What a user may see between two stream positions, in the direction asked for. */
function page(
  room: Room,
  user: User,
  filter: EventFilter,
  { after, until }: { readonly after: number; readonly until: number },
  dir: 'b' | 'f',
): RoomEvent[] {
  const events = room.timeline.filter(
    (event) =>
      event.position > after && event.position <= until && passes(filter, event) && isVisible(room, user.id, event),
  );
  return dir === 'b' ? events.reverse() : events;
}
