import { describe, expect, it } from 'vitest';
import { longPollTimeout } from '../src/long-poll.ts';

describe('a long-poll', () => {
  it.each([
    ['/_matrix/client/v3/sync?timeout=30000', 30_000],
    ['/_matrix/client/r0/sync?since=s1&timeout=500&filter=0', 500],
    ['/_matrix/client/r0/events?timeout=1000', 1000],
    ['/_matrix/client/unstable/org.matrix.simplified_msc3575/sync?timeout=20000&pos=1', 20_000],
    ['/_matrix/client/v3/sync', 0],
    ['/_matrix/client/v3/sync?timeout=0', 0],
    ['/_matrix/client/v3/sync?timeout=', 0],
    ['/_matrix/client/v3/sync?xtimeout=30000', 0],
    ['/_matrix/client/v3/sync?timeout=-1', 0],
    ['/_matrix/client/v3/rooms/sync?timeout=30000', 0],
    ['/_matrix/client/v3/rooms/!r%2Fsync?timeout=30000', 0],
    ['/_matrix/client/v3/synced?timeout=30000', 0],
    ['/_matrix/client/versions?timeout=30000', 0],
  ])('%s asks for %i ms', (target, expected) => {
    expect(longPollTimeout(target)).toBe(expected);
  });
});
