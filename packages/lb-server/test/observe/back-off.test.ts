import { settled, VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { BackOff, pause } from '../../src/observe/back-off.ts';

/** Random bytes that are all the same. */
const always = (byte: number) => ({ randomBytes: (length: number) => new Uint8Array(length).fill(byte) });

describe('the pause after a failure', () => {
  it('grows from a second to a minute, and starts over after a success', () => {
    const backOff = new BackOff(always(0));
    const pauses = Array.from({ length: 9 }, () => backOff.next());
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    backOff.reset();
    expect(backOff.next()).toBe(500);
  });

  it('is anywhere in its upper half', () => {
    expect(new BackOff(always(128)).next()).toBe(750);
    expect(new BackOff(always(255)).next()).toBeLessThan(1000);
  });

  it('is what the homeserver wants where that is longer, up to an hour', () => {
    expect(new BackOff(always(0)).next(7)).toBe(7000);
    expect(new BackOff(always(0)).next(999_999_999)).toBe(3_600_000);
    expect(new BackOff(always(255)).next(0.5)).toBeGreaterThan(900);
  });

  it('ends early when it is no longer wanted, and leaves nothing behind', async () => {
    const platform = new VirtualTime();
    const abort = new AbortController();
    let ended = 0;
    for (const signal of [abort.signal, AbortSignal.abort()]) void pause(platform, 1000, signal).then(() => ended++);
    await settled();
    expect(ended).toBe(1);
    abort.abort();
    await settled();
    expect(ended).toBe(2);
    await platform.advance(2000);
    expect(ended).toBe(2);
  });
});
