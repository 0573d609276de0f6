import type { App } from './app.ts';
import type { MatrixEvent, Room } from './matrix-js-sdk.ts';

/** What the apps of a story show at its end, with every id replaced by a name that is the same in each run. */
export type Outcome = Readonly<Record<string, readonly RoomOutcome[]>>;

/** A room as an app shows it. */
export interface RoomOutcome {
  readonly name: string;
  readonly topic: string | undefined;
  readonly encrypted: boolean;
  /** Membership by user. */
  readonly members: Readonly<Record<string, string>>;
  readonly timeline: readonly EventOutcome[];
  /** The timelines of its threads, by the event that each starts with. */
  readonly threads: Readonly<Record<string, readonly EventOutcome[]>>;
  /** The event that each user has read last. */
  readonly receipts: Readonly<Record<string, string | null>>;
}

/** An event as an app shows it. */
export interface EventOutcome {
  readonly id: string;
  readonly type: string;
  readonly sender: string;
  readonly stateKey: string | undefined;
  /** Decrypted, and as its last edit has it. */
  readonly content: unknown;
  readonly encrypted: boolean;
  /** Whether the app can show it; a redacted event has nothing left to decrypt. */
  readonly readable: boolean;
  readonly redacted: boolean;
}

/** Looks into the apps of a story, each with its name there. */
export function outcomeOf(apps: Readonly<Record<string, App>>): Outcome {
  const named = Object.entries(apps).map(([name, app]) => [name, roomsOf(app)] as const);
  return withNames(Object.fromEntries(named), apps);
}

/** All events of all timelines in an outcome. */
export function eventsOf(outcome: Outcome): EventOutcome[] {
  const rooms = Object.values(outcome).flat();
  return rooms.flatMap(({ timeline, threads }) => [...timeline, ...Object.values(threads).flat()]);
}

function roomsOf(app: App): RoomOutcome[] {
  return app.client
    .getRooms()
    .map((room) => roomOutcome(app, room))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function roomOutcome({ client }: App, room: Room): RoomOutcome {
  const members = room.currentState.getMembers().sort((a, b) => (a.userId < b.userId ? -1 : 1));
  const threads = room.getThreads().map(({ id, liveTimeline }) => [id, liveTimeline.getEvents().map(eventOutcome)]);
  return {
    name: room.name,
    topic: room.currentState.getStateEvents('m.room.topic', '')?.getContent().topic,
    encrypted: client.isRoomEncrypted(room.roomId),
    members: Object.fromEntries(members.map(({ userId, membership }) => [userId, membership ?? 'none'])),
    timeline: room.getLiveTimeline().getEvents().map(eventOutcome),
    threads: Object.fromEntries(threads),
    receipts: Object.fromEntries(members.map(({ userId }) => [userId, room.getEventReadUpTo(userId, true)])),
  };
}

function eventOutcome(event: MatrixEvent): EventOutcome {
  return {
    id: event.getId()!,
    type: event.getType(),
    sender: event.getSender()!,
    stateKey: event.getStateKey(),
    content: event.getContent(),
    encrypted: event.isEncrypted(),
    readable: isReadable(event),
    redacted: event.isRedacted(),
  };
}

/** Whether an app can show an event. */
export function isReadable(event: MatrixEvent): boolean {
  return event.isRedacted() || event.getType() !== 'm.room.encrypted';
}

/** Replaces ids by names: of users by theirs in the story, of events by their room and place in Alice's timeline. */
function withNames(outcome: Outcome, apps: Readonly<Record<string, App>>): Outcome {
  const names = new Map<string, string>();
  for (const [name, { client, userId }] of Object.entries(apps)) {
    // The phone is Alice's as well. Display names are the local parts of the ids.
    if (!names.has(userId)) names.set(userId, name).set(userId.slice(1, userId.indexOf(':')), name);
    for (const room of client.getRooms()) names.set(room.roomId, room.name);
  }
  for (const rooms of Object.values(outcome)) {
    for (const { name, timeline, threads } of rooms) {
      let place = 0;
      for (const { id } of [...timeline, ...Object.values(threads).flat()]) {
        if (!names.has(id)) names.set(id, `${name} ${place++}`);
      }
    }
  }
  let text = JSON.stringify(outcome);
  for (const [id, name] of names) text = text.replaceAll(id, name);
  return JSON.parse(text);
}
