import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
import { EventStatus, type ICreateRoomOpts, MatrixError, type MatrixEvent, type Room } from './matrix-js-sdk.ts';
import { stubbornly } from './stubborn.ts';
import { until } from './until.ts';

/** How long a room may take to turn up after the answer to its creation was lost. */
const CREATION_MS = 10_000;

/** The room, once the app knows it. */
export function roomOf(app: App, roomId: string): Promise<Room> {
  return until(`room ${roomId}`, app.patience, () => app.client.getRoom(roomId) ?? undefined);
}

/** Creates a room. If the answer is lost, looks whether a room with its name turns up before it tries again. */
export async function createRoom(app: App, options: ICreateRoomOpts & { readonly name: string }): Promise<string> {
  const deadline = performance.now() + app.patience;
  for (;;) {
    try {
      return (await app.client.createRoom(options)).room_id;
    } catch (error) {
      if (error instanceof MatrixError && error.httpStatus !== undefined && error.httpStatus < 500) throw error;
      for (const end = performance.now() + CREATION_MS; performance.now() < end; await sleep(100)) {
        const room = app.client.getRooms().find(({ name }) => name === options.name);
        if (room !== undefined) return room.roomId;
      }
      if (performance.now() > deadline) throw error;
    }
  }
}

/**
 * Sends an event, again as often as need be: the SDK repeats it with the same transaction id, so it is there once.
 *
 * @param threadId - the event that the thread starts with
 * @returns its id
 */
export function send(
  app: App,
  roomId: string,
  type: 'm.room.message' | 'm.reaction',
  content: object,
  threadId: string | null = null,
): Promise<string> {
  return repeating(app, roomId, (transaction) =>
    app.client.sendEvent(roomId, threadId, type as never, content as never, transaction),
  );
}

/** Redacts an event; returns the redaction's id. */
export function redact(app: App, roomId: string, eventId: string): Promise<string> {
  return repeating(app, roomId, (transaction) =>
    app.client.redactEvent(roomId, eventId, transaction, { reason: 'wrong room' }),
  );
}

type First = (transaction: string) => Promise<{ event_id: string }>;

async function repeating(app: App, roomId: string, first: First): Promise<string> {
  const { client, patience } = app;
  const transaction = client.makeTxnId();
  try {
    return (await first(transaction)).event_id;
  } catch (cause) {
    const room = await roomOf(app, roomId);
    const failed = room.getPendingEvents().find(({ status }) => status === EventStatus.NOT_SENT);
    // The homeserver has it, and /sync was sooner than an answer: the SDK has nothing left to send, and says that it is no local echo.
    const echo = eventsOf(room).find((event) => event.getUnsigned().transaction_id === transaction);
    if (failed === undefined && echo !== undefined) return echo.getId()!;
    if (failed === undefined) throw new Error('the SDK has forgotten an event that it could not send', { cause });
    return (await stubbornly(patience, () => client.resendEvent(failed, room))).event_id;
  }
}

/** All that the app shows of a room. */
function eventsOf(room: Room): readonly MatrixEvent[] {
  const threads = room.getThreads().flatMap(({ liveTimeline }) => liveTimeline.getEvents());
  return [...room.getLiveTimeline().getEvents(), ...threads];
}

/** The event, once the app has it from the homeserver and has decrypted it. */
export function arrived(app: App, roomId: string, eventId: string): Promise<MatrixEvent> {
  return until(`${eventId} in the app of ${app.userId}`, app.patience, async () => {
    const event = (await roomOf(app, roomId)).findEventById(eventId);
    if (event === undefined || event.status !== null) return undefined;
    await app.client.decryptEventIfNeeded(event);
    return event.isDecryptionFailure() ? undefined : event;
  });
}
