import { expect, it } from 'vitest';
import { DtlsNetwork } from './support/dtls-network.ts';
import { world } from './support/world.ts';

const SENDS = 20;

/** What the first message of an app that has just been started takes, in milliseconds, on a network that it knows. */
async function coldSends(seed: number): Promise<number[]> {
  const texts = new Map<string, string>();
  const storage = {
    get: (key: string) => texts.get(key),
    set: (key: string, text: string) => void texts.set(key, text),
  };
  const { time, homeserver, app, ask } = world({ seed, storage });
  const network = new DtlsNetwork(time, homeserver.upstream);
  const connect: DtlsNetwork['connect'] = (target) => network.connect({ ...target, pins: ['sha256/…'] });
  network.latency = 100;
  const before = app({ connect });
  await time.until(ask('versions', {}, before));
  await time.until(ask('v3/account/whoami', {}, before));
  network.loss = 0.1;
  const took: number[] = [];
  for (let i = 0; i < SENDS; i++) {
    const fetch = app({ connect });
    const start = time.now();
    const path = `v3/rooms/!r:x/send/m.room.message/t${i}`;
    expect((await time.until(ask(path, { method: 'PUT', body: '{}' }, fetch))).status).toBe(200);
    took.push(time.now() - start);
    await fetch.close();
    await time.advance(1000);
  }
  expect(homeserver.sent.size).toBe(SENDS);
  return took.sort((a, b) => a - b);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

it('a cold send at 200 ms and 10 % loss each way takes 0.5 s, and 2 s at worst: of 20, medians of five runs', async () => {
  const runs: number[][] = [];
  for (const seed of [1, 2, 3, 4, 5]) runs.push(await coldSends(seed));
  expect(median(runs.map(median))).toBeLessThanOrEqual(500);
  expect(median(runs.map((took) => took.at(-1)!))).toBeLessThanOrEqual(2000);
}, 30_000);
