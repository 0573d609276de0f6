import { VirtualTime } from '@lb-matrix/virtual-network';
import { onTestFinished } from 'vitest';
import {
  type ClientPlatform,
  type ClientStorage,
  createLowBandwidthFetch,
  type FallbackEvent,
  type LowBandwidthFetchOptions,
} from '../../src/index.ts';
import { TestHomeserver } from './homeserver.ts';
import { Network } from './network.ts';
import type { SyncBody } from './sdk.ts';

export const ORIGIN = 'https://matrix.example.org';

export interface WorldOptions extends Omit<Partial<LowBandwidthFetchOptions>, 'platform'> {
  readonly seed?: number;
  readonly storage?: ClientStorage;
  /** Default: over this world's network. */
  readonly connect?: ClientPlatform['connect'];
}

/** A client, a network, a proxy (the real lb-server) and a homeserver, all in virtual time. */
export function world({ seed = 1, storage, connect, ...options }: WorldOptions = {}) {
  const time = new VirtualTime(seed);
  const homeserver = new TestHomeserver(time);
  const network = new Network(time, homeserver.upstream);
  const fallbacks: FallbackEvent[] = [];

  let timers = 0;
  /** The client's timers, counted. */
  const setTimer = (ms: number, fn: () => void) => {
    timers++;
    let over = false;
    const once = () => {
      if (!over) timers--;
      over = true;
    };
    const cancel = time.setTimer(ms, () => {
      once();
      fn();
    });
    return () => {
      once();
      cancel();
    };
  };

  /** Another run of the app. */
  function app(more: WorldOptions = {}) {
    const lowBandwidth = createLowBandwidthFetch({
      server: { host: 'proxy.example.org', port: 8448 },
      fetch: homeserver.fetch,
      onFallback: (event) => void fallbacks.push(event),
      ...options,
      ...more,
      platform: {
        now: () => time.now(),
        setTimer,
        randomBytes: (length) => time.randomBytes(length),
        wallTime: () => 1_800_000_000_000 + time.now(),
        connect: more.connect ?? connect ?? network.connect,
        storage: more.storage ?? storage,
      },
    });
    onTestFinished(() => lowBandwidth.close());
    return lowBandwidth;
  }

  const fetch = app();
  const ask = (path: string, init: RequestInit & { token?: string | undefined } = {}, through = fetch) => {
    const { token = 'secret', ...rest } = init;
    const headers = { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...rest.headers };
    return through(`${ORIGIN}/_matrix/client/${path}`, { ...rest, headers });
  };
  /** The answer of /sync, once it is there. */
  const sync = async (query: string) =>
    (await (await time.until(ask(`v3/sync?timeout=30000${query}`))).json()) as SyncBody;
  return { sync, timers: () => timers, time, homeserver, network, fallbacks, fetch, app, ask };
}
