import { isArray, isObject, type Json, type JsonObject } from '../src/json.ts';
import type { Client } from './client.ts';

/** What a client knows of a room after all its syncs. */
export interface KnownRoom {
  membership: string;
  /** Event ids, oldest first. */
  timeline: string[];
  /** Event ids by type and key. */
  state: Map<string, string>;
}

/** A client that does what the specification tells clients to do with `/sync`: gaps are filled by paging back from `prev_batch`. */
export class SyncClient {
  readonly rooms = new Map<string, KnownRoom>();
  readonly #client: Client;
  #since: string | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Syncs once, with a timeline of at most so many events. */
  async sync(limit: number): Promise<void> {
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit } } }));
    const since = this.#since === undefined ? '' : `&since=${this.#since}`;
    const synced = await this.#client.request(`GET /sync?filter=${filter}${since}`);
    for (const membership of ['join', 'leave']) {
      const sections = synced.at(`/rooms/${membership}`);
      for (const [roomId, section] of Object.entries(isObject(sections) ? sections : {})) {
        if (isObject(section)) await this.#apply(roomId, membership, section);
      }
    }
    for (const roomId of Object.keys((synced.at('/rooms/invite') as JsonObject | undefined) ?? {})) {
      this.#room(roomId).membership = 'invite';
    }
    this.#since = synced.text('/next_batch');
  }

  #room(roomId: string): KnownRoom {
    const room = this.rooms.get(roomId) ?? { membership: '', timeline: [], state: new Map() };
    this.rooms.set(roomId, room);
    return room;
  }

  async #apply(roomId: string, membership: string, section: JsonObject): Promise<void> {
    const room = this.#room(roomId);
    if (membership === 'join' && room.membership !== 'join') {
      // Whoever joins may see more of the past than whoever was out, so that what was known has to be learnt anew.
      room.timeline = [];
      room.state.clear();
    }
    room.membership = membership;
    const { timeline, state } = section;
    if (!isObject(timeline) || !isObject(state)) throw new Error('a section has a timeline and state');
    const events = eventsOf(timeline.events);
    if (timeline.limited === true) {
      const gap = await this.#fillGap(roomId, String(timeline.prev_batch), new Set(room.timeline));
      room.timeline.push(...gap.map(idOf));
    }
    room.timeline.push(...events.map(idOf));
    for (const event of [...eventsOf(state.events), ...events]) {
      if (event.state_key !== undefined) room.state.set(`${event.type} ${event.state_key}`, idOf(event));
    }
  }

  /** Pages back until an event that is known, or to the beginning. */
  async #fillGap(roomId: string, prevBatch: string, known: ReadonlySet<string>): Promise<JsonObject[]> {
    const gap: JsonObject[] = [];
    let from: Json | undefined = prevBatch;
    while (typeof from === 'string') {
      const page = await this.#client.request(`GET /rooms/${roomId}/messages?dir=b&limit=2&from=${from}`);
      for (const event of eventsOf(page.at('/chunk'))) {
        if (known.has(idOf(event))) return gap;
        gap.unshift(event);
      }
      from = page.at('/end');
    }
    return gap;
  }
}

function eventsOf(value: Json | undefined): JsonObject[] {
  return isArray(value) ? value.filter(isObject) : [];
}

function idOf({ event_id: eventId }: JsonObject): string {
  return String(eventId);
}
