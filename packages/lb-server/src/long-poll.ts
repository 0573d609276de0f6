/** The endpoints that hold their answer back until there is news: /sync of every version, sliding sync, /events. */
const PATH = /^\/_matrix\/client\/(?:[rv]\d+|unstable\/[^/?]+)\/(?:sync|events)(?:\?|$)/;
const TIMEOUT = /[?&]timeout=(\d{1,15})(?:&|$)/;

/** How long a request wants the homeserver to wait for news, in milliseconds; 0 for all that are no long-poll. */
export function longPollTimeout(target: string): number {
  if (!PATH.test(target)) return 0;
  return Number(TIMEOUT.exec(target)?.[1] ?? 0);
}
