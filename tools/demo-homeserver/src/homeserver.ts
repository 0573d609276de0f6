import { type Accounts, createAccounts } from './accounts.ts';
import type { Clock } from './clock.ts';
import type { JsonObject } from './json.ts';
import { createRateLimiter, type RateLimit, type RateLimiter } from './rate-limit.ts';
import { createRooms, type Rooms } from './rooms.ts';
import { createStream, type Stream } from './stream.ts';

/** Everything that the homeserver knows; it is gone when this is. */
export interface Homeserver {
  readonly serverName: string;
  /** Where clients reach it: `http://127.0.0.1:8008`. */
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly stream: Stream;
  readonly accounts: Accounts;
  readonly rooms: Rooms;
  /** Counts the events that each user sends. */
  readonly sending: RateLimiter;
  /** Bodies of registrations that wait for their last stage, by session, oldest first. */
  readonly registrations: Map<string, JsonObject>;
  /** Sessions in which somebody is asked for their password once more, oldest first. */
  readonly confirmations: Set<string>;
}

/** What a homeserver is made of. */
export interface HomeserverSettings {
  readonly serverName: string;
  readonly baseUrl: string;
  readonly clock: Clock;
  /** No limit when undefined. */
  readonly rateLimit: RateLimit | undefined;
}

/** A homeserver without users and rooms. */
export function createHomeserver({ serverName, baseUrl, clock, rateLimit }: HomeserverSettings): Homeserver {
  const stream = createStream(clock);
  return {
    serverName,
    baseUrl,
    clock,
    stream,
    accounts: createAccounts(serverName),
    rooms: createRooms(clock, stream),
    sending: createRateLimiter(clock, rateLimit),
    registrations: new Map(),
    confirmations: new Set(),
  };
}
