import { callHomeserver, openUser, type User } from './stack.ts';

/** Someone who has been away, and what there is to read. */
export interface History {
  readonly reader: User;
  /** Has written all of it. */
  readonly writer: User;
  /** A room of both. */
  readonly roomId: string;
}

const ROOMS = 5;
const MESSAGES = 50;

/**
 * Two users who share five rooms of fifty messages.
 *
 * @param homeserver - its base URL; anybody may register there
 */
export async function openHistory(homeserver: string): Promise<History> {
  const reader = await openUser(homeserver);
  const writer = await openUser(homeserver);
  let roomId = '';
  for (let room = 1; room <= ROOMS; room++) {
    const options = { name: `Room ${room}`, preset: 'private_chat', invite: [reader.userId] };
    const created = await callHomeserver(homeserver, 'POST', 'createRoom', options, writer.token);
    roomId = created.room_id!;
    await callHomeserver(homeserver, 'POST', `rooms/${encodeURIComponent(roomId)}/join`, {}, reader.token);
    for (let message = 1; message <= MESSAGES; message++) {
      await say(writer, roomId, `${room}-${message}`, `Message ${message} of those that wait in room ${room}`);
    }
  }
  return { reader, writer, roomId };
}

/** Sends a message over HTTP. */
export async function say({ homeserver, token }: User, roomId: string, txn: string, body: string): Promise<void> {
  const path = `rooms/${encodeURIComponent(roomId)}/send/m.room.message/${txn}`;
  await callHomeserver(homeserver, 'PUT', path, { msgtype: 'm.text', body }, token);
}
