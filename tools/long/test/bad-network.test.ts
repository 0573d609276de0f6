import { startLbProxy } from '@lb-matrix/e2e/lb-proxy';
import { eventsOf, lowBandwidth, type Outcome, tellStory } from '@lb-matrix/e2e/sdk';
import { type Synapse, startSynapse } from '@lb-matrix/e2e/synapse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBadLink } from '../src/bad-link.ts';
import { every, once } from '../src/repeat.ts';

/** What a network and its servers do to the apps, in milliseconds. */
interface Troubles {
  readonly loss?: number;
  /** One way. */
  readonly delay?: number;
  readonly killProxyEvery?: number;
  readonly rebindEvery?: number;
  readonly restartHomeserverAfter?: number;
}

const CASES: readonly (readonly [string, Troubles])[] = [
  ['10 % loss and 400 ms', { loss: 0.1, delay: 200 }],
  ['a proxy that is killed every 15 s', { delay: 100, killProxyEvery: 15_000 }],
  ['a port that changes every 10 s', { delay: 100, rebindEvery: 10_000 }],
  ['a homeserver that restarts', { delay: 50, restartHomeserverAfter: 10_000 }],
];
const PATIENCE_MS = 120_000;

describe('two apps with matrix-js-sdk show in the end what they show without troubles', () => {
  let synapse: Synapse;
  let untroubled: Outcome;
  beforeAll(async () => {
    synapse = await startSynapse();
    const stage = { homeserver: synapse.url, connect: () => fetch, sync: 'v2', suffix: '-http' } as const;
    untroubled = await tellStory({ ...stage, patience: 40_000 });
    expect(eventsOf(untroubled).filter(({ readable }) => !readable)).toEqual([]);
  });
  afterAll(() => synapse.close());

  test.each(CASES)('%s', { timeout: 600_000 }, async (name, troubles) => {
    const proxy = await startLbProxy(synapse.url);
    const link = await openBadLink({ to: proxy.port, ...troubles });
    const low = lowBandwidth({ ...proxy, port: link.port });
    const stops = [
      every(troubles.killProxyEvery, () => proxy.killAndRestart()),
      every(troubles.rebindEvery, () => link.rebind()),
      once(troubles.restartHomeserverAfter, () => synapse.restart()),
    ];
    const started = performance.now();
    try {
      const suffix = `-${CASES.findIndex(([each]) => each === name)}`;
      const outcome = await tellStory({
        homeserver: synapse.url,
        connect: low.connect,
        sync: 'v2',
        suffix,
        patience: PATIENCE_MS,
      });
      expect(outcome).toEqual(untroubled);
    } finally {
      const times = await Promise.all(stops.map((stop) => stop()));
      const { datagrams, bytes, lost } = link.counts();
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      console.log(
        `${name}: ${seconds} s, ${datagrams} datagrams, ${bytes} bytes, ${lost} lost; ` +
          `proxy killed ${times[0]}, port changed ${times[1]}, homeserver restarted ${times[2]} times`,
      );
      low.close();
      link.close();
      await proxy.close();
    }
    expect(low.fallbacks).toEqual([]);
    expect(link.counts().bytes).toBeGreaterThan(10_000);
  });
});
