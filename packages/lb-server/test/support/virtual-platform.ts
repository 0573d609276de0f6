import type { Platform } from '@lb-matrix/coap-endpoint';

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/** Time that the test owns. */
export interface VirtualPlatform extends Platform {
  /** Runs every timer of the next `ms` milliseconds in order, and what its promises lead to. */
  advance(ms: number): Promise<void>;
}

/** Lets everything run that waits for promises only. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function virtualPlatform(seed = 1): VirtualPlatform {
  const timers = new Set<Timer>();
  let now = 1_000_000;
  let random = seed;

  return {
    now: () => now,
    setTimer(ms, fn) {
      const timer = { at: now + ms, fn };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    randomBytes(length) {
      return Uint8Array.from({ length }, () => {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
        return random >>> 24;
      });
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.fn();
        await settle();
      }
      now = end;
    },
  };
}
