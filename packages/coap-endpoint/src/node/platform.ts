import { randomFillSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Platform } from '../platform.ts';

const POOL = 4096;
let pool: Uint8Array = new Uint8Array();

/** Node's clock, timers and randomness. */
export const nodePlatform: Platform = {
  now: () => performance.now(),
  setTimer(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  randomBytes(length) {
    // A call into the random source costs a microsecond; every message wants a few bytes.
    if (length > POOL) return randomFillSync(new Uint8Array(length));
    if (pool.length < length) pool = randomFillSync(new Uint8Array(POOL));
    const bytes = pool.slice(0, length);
    pool = pool.subarray(length);
    return bytes;
  },
};
