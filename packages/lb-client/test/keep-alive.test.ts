import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeepAlive } from '../src/keep-alive.ts';
import { Sdk } from './support/sdk.ts';
import { type WorldOptions, world } from './support/world.ts';

describe('learning what a network stands', () => {
  it('goes from 25 s up to five minutes, half as much again each time', () => {
    const learner = new KeepAlive();
    const tried: number[] = [];
    for (let i = 0; i < 9; i++) {
      tried.push(learner.interval);
      learner.answered(learner.interval);
    }
    expect(tried).toEqual([25_000, 37_500, 56_250, 84_375, 126_562, 189_843, 284_764, 300_000, 300_000]);
  });

  it('goes back to what was good after a loss, and stays there', () => {
    const learner = new KeepAlive();
    for (let i = 0; i < 3; i++) learner.answered(learner.interval);
    learner.lost(learner.interval);
    expect(learner.interval).toBe(56_250);
    learner.answered(56_250);
    expect(learner.interval).toBe(56_250);
  });

  it('never waits less than the first interval, nor longer than the longest', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(400_000));
    fc.assert(
      fc.property(fc.array(step), fc.anything(), (steps, known) => {
        const learner = new KeepAlive({ first: 20_000, longest: 90_000 }, known);
        for (const [answered, silence] of steps) {
          if (answered) learner.answered(silence);
          else learner.lost(silence);
          expect(learner.interval).toBeGreaterThanOrEqual(20_000);
          expect(learner.interval).toBeLessThanOrEqual(90_000);
        }
      }),
      { seed: 25 },
    );
  });

  it('begins with what is remembered', () => {
    const learner = new KeepAlive();
    learner.answered(25_000);
    learner.answered(37_500);
    expect(new KeepAlive({}, learner.known).interval).toBe(learner.interval);
  });
});

describe('behind a NAT that forgets after 100 s', () => {
  async function behindNat(options: WorldOptions = {}) {
    const kept = new Map<string, string>();
    const there = world({
      storage: { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value) },
      ...options,
    });
    there.network.natTimeout = 100_000;
    await there.time.until(there.ask('v3/account/whoami'));
    const sdk = new Sdk(there.fetch, there.time);
    return { ...there, sdk, kept };
  }

  it('loses one connection to find out, and no event', async () => {
    const { time, network, homeserver, sdk, fallbacks } = await behindNat();
    const ids: string[] = [];
    await time.advance(5 * 60_000);
    ids.push(homeserver.happen('to_device'));
    await time.advance(10 * 60_000);
    expect(network.handshakes).toBe(2);
    for (let i = 0; i < 10; i++) {
      ids.push(homeserver.happen());
      await time.advance(6 * 60_000);
    }
    expect(network.handshakes).toBe(2);
    expect(sdk.store.received).toEqual(ids);
    expect(fallbacks).toEqual([]);
  });

  it('does not find out again in the next run, in the same network', async () => {
    let network = 'wifi-1';
    const first = await behindNat({ networkKey: () => network });
    await first.time.advance(15 * 60_000);
    expect(first.network.handshakes).toBe(2);
    first.sdk.kill();
    for (const [key, expected] of [
      ['wifi-1', 1],
      ['wifi-2', 2],
    ] as const) {
      network = key;
      first.network.handshakes = 0;
      const app = first.app();
      await first.time.until(first.ask('v3/account/whoami', {}, app));
      const sdk = new Sdk(app, first.time);
      await first.time.advance(20 * 60_000);
      expect(first.network.handshakes).toBe(expected);
      sdk.kill();
    }
  });
});
