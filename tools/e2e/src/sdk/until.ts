import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 20;

/**
 * Resolves with what `look` returns as soon as that is neither undefined nor false. It looks every 20 ms, so it finds also what no
 * event tells of.
 *
 * @param what - said when it takes longer than `patience` milliseconds
 */
export async function until<T>(
  what: string,
  patience: number,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await sleep(PAUSE_MS);
  }
}
