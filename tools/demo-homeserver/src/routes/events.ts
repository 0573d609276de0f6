import type { Requester } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, jsonBodyOrEmpty, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isUserId } from '../ids.ts';
import type { Json } from '../json.ts';
import { badJson, invalidParam, notFound } from '../matrix-error.ts';
import { limitOnDemand } from '../rate-limit.ts';
import { isSameState, toClientEvent } from '../room/event.ts';
import { changeMembership } from '../room/membership.ts';
import { showEvent } from '../room/relations.ts';
import { allStateAt, isMembership, stateAt, stateOf } from '../room/room.ts';
import { isVisible, viewLimit } from '../room/visibility.ts';
import { sendEvent } from '../rooms.ts';
import { findRoom } from './find-room.ts';
import { once } from './transactions.ts';

/** Sending events and reading single ones. */
export const eventRoutes: readonly Route[] = [
  authorised('PUT /rooms/:roomId/send/:type/:transactionId', (request, homeserver, requester) => {
    const transactionId = param(request, 'transactionId');
    limitOnDemand(transactionId);
    return once(requester.device, request, () => {
      const room = findRoom(request, homeserver);
      const content = jsonBody(request);
      homeserver.sending(requester.user.id);
      const event = sendEvent(homeserver.rooms, room, {
        type: param(request, 'type'),
        sender: requester.user.id,
        content,
        transaction: { device: requester.device, id: transactionId },
      });
      return { event_id: event.eventId };
    });
  }),
  authorised('PUT /rooms/:roomId/redact/:eventId/:transactionId', (request, homeserver, requester) => {
    const transactionId = param(request, 'transactionId');
    limitOnDemand(transactionId);
    return once(requester.device, request, () => {
      const room = findRoom(request, homeserver);
      const eventId = param(request, 'eventId');
      const content = jsonBodyOrEmpty(request);
      if (content.redacts !== undefined && content.redacts !== eventId) {
        throw invalidParam("'redacts' is not the event of the path");
      }
      homeserver.sending(requester.user.id);
      const event = sendEvent(homeserver.rooms, room, {
        type: 'm.room.redaction',
        sender: requester.user.id,
        content: { ...content, redacts: eventId },
        transaction: { device: requester.device, id: transactionId },
      });
      return { event_id: event.eventId };
    });
  }),
  ...['/rooms/:roomId/state/:type', '/rooms/:roomId/state/:type/:stateKey'].flatMap((path) => [
    authorised(`PUT ${path}`, putState),
    authorised(`GET ${path}`, getState),
  ]),
  authorised('GET /rooms/:roomId/state', (request, homeserver, requester) => {
    const room = findRoom(request, homeserver);
    const viewer = { requester, now: homeserver.clock.now() };
    return allStateAt(room, viewLimit(room, requester.user.id)).map((event) =>
      toClientEvent(event, viewer, { roomId: true }),
    );
  }),
  authorised('GET /rooms/:roomId/event/:eventId', (request, homeserver, requester) => {
    const { user } = requester;
    const room = homeserver.rooms.byId.get(param(request, 'roomId'));
    const event = room?.events.get(param(request, 'eventId'));
    if (room === undefined || event === undefined || room.forgotten.has(user.id) || !isVisible(room, user.id, event)) {
      throw notFound('Event not found.');
    }
    return showEvent(room, event, { requester, now: homeserver.clock.now() }, { roomId: true });
  }),
];

function putState(request: ClientRequest, homeserver: Homeserver, { user }: Requester): Json {
  const room = findRoom(request, homeserver);
  const type = param(request, 'type');
  const { stateKey = '' } = request.params;
  const content = jsonBody(request);
  if (type === 'm.room.member') {
    if (!isUserId(stateKey)) throw invalidParam('The state key of a member event must be a user id');
    const { membership } = content;
    if (!isMembership(membership)) throw badJson("A member event must have a 'membership'");
    return { event_id: changeMembership(homeserver, room, user, stateKey, membership, content).eventId };
  }
  const draft = { type, stateKey, sender: user.id, content };
  const current = stateOf(room, type, stateKey);
  if (isSameState(current, draft)) return { event_id: current.eventId };
  homeserver.sending(user.id);
  return { event_id: sendEvent(homeserver.rooms, room, draft).eventId };
}

function getState(request: ClientRequest, homeserver: Homeserver, { user }: Requester): Json {
  const room = findRoom(request, homeserver);
  const { stateKey = '' } = request.params;
  const event = stateAt(room, viewLimit(room, user.id), param(request, 'type'), stateKey);
  if (event === undefined) throw notFound('Event not found.');
  return event.content;
}
