import type { User } from '../accounts.ts';
import { isObject, isStringArray, type JsonObject } from '../json.ts';
import type { RoomEvent } from '../room/event.ts';
import { joinedSince, type Room } from '../room/room.ts';

/**
 * `unread_notifications` of a room: messages of others since the user joined and last read. A message that names the user
 * (`m.mentions`, or without it the user name in the text) is a highlight.
 */
export function unreadNotifications(room: Room, user: User): JsonObject {
  const start = Math.max(joinedSince(room, user.id), readUpTo(room, user.id));
  let notifications = 0;
  let highlights = 0;
  for (let index = room.timeline.length - 1; index >= 0; index -= 1) {
    const event = room.timeline[index]!;
    if (event.position <= start) break;
    if (event.sender === user.id || !notifies(event)) continue;
    notifications += 1;
    if (highlightsUser(event, user)) highlights += 1;
  }
  return { notification_count: notifications, highlight_count: highlights };
}

function readUpTo(room: Room, userId: string): number {
  const positions = [...room.receipts.values()]
    .filter((receipt) => receipt.userId === userId)
    .map((receipt) => room.events.get(receipt.eventId)?.position ?? 0);
  return Math.max(0, ...positions);
}

function notifies({ type, stateKey, content }: RoomEvent): boolean {
  if (stateKey !== undefined) return false;
  return type === 'm.room.encrypted' || (type === 'm.room.message' && content.msgtype !== 'm.notice');
}

function highlightsUser({ content }: RoomEvent, { id, localpart }: User): boolean {
  const mentions = content['m.mentions'];
  if (isObject(mentions)) return isStringArray(mentions.user_ids) && mentions.user_ids.includes(id);
  return typeof content.body === 'string' && content.body.toLowerCase().includes(localpart);
}
