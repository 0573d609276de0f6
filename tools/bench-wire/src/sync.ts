import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LowBandwidthFetch } from '@lb-matrix/lb-client';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';
import { fromFetch } from '@lb-matrix/lb-server';
import { type Forms, formsOf } from './forms.ts';
import { type History, openHistory, say } from './history.ts';
import { type Measurement, type Run, repeatRuns, type Timed } from './measurement.ts';
import { type Relay, withRelay } from './relay.ts';
import type { User } from './stack.ts';

type Case = 'login + initial sync' | 'login + full sync' | 'push' | 'idle';

/** How long an app is idle, and the silence after which its client says that it is there. */
export interface Idle {
  /** In milliseconds. */
  readonly duration: number;
  /** In milliseconds; the default of lb-client otherwise. */
  readonly keepAlive?: number;
}

/** MSC3079, Versioning. */
const OFFER = { cbor_enum_version: 1, coap_enum_version: 1 };
const V3 = '/_matrix/client/v3';
/** What apps ask for that show more than the last ten messages of a room. */
const FULL = JSON.stringify({ room: { timeline: { limit: 50 } } });

/**
 * Logs in on a new device and syncs, by `lb-client`, with five rooms of fifty messages on the homeserver; then has a message pushed
 * and is idle. Counts as `measureWire`.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function measureSync(homeserver: string, runs: number, idle: Idle, forms: Forms): Promise<Measurement[]> {
  const history = await openHistory(homeserver);
  const upstream = fromFetch(fetch, homeserver);
  return repeatRuns<Case>(runs, async (timed) => {
    const others = await withRelay(upstream, (relay) => measureOnce(history, relay, timed, idle, forms));
    const full = await withRelay(upstream, async (relay) => {
      const app = await openApp(history.reader, relay, timed, forms, { filter: FULL });
      const traffic = await relay.takeTraffic();
      await close(app, relay);
      return traffic;
    });
    const { 'login + initial sync': initial, push, idle: silent } = others;
    return { 'login + initial sync': initial, 'login + full sync': full, push, idle: silent };
  });
}

async function measureOnce(
  { reader, writer, roomId }: History,
  relay: Relay,
  timed: Timed,
  idle: Idle,
  forms: Forms,
): Promise<Omit<Run<Case>, 'login + full sync'>> {
  const app = await openApp(reader, relay, timed, forms, {}, idle.keepAlive);
  const initial = await relay.takeTraffic();

  // The SDK asks on: from now on what is new is pushed.
  const answer = app.sync();
  await relay.takeTraffic();
  await say(writer, roomId, randomBytes(4).toString('hex'), 'Hello World');
  await timed(() => answer);
  // By asking on it says that it has the push, which is acknowledged then.
  app.sync().catch(() => {});
  const push = await relay.takeTraffic();

  await sleep(idle.duration);
  const silent = await relay.takeTraffic();
  await close(app, relay);
  return { 'login + initial sync': initial, push, idle: silent };
}

/** Ends the connection and lets the server know. */
async function close({ fetch: lowBandwidthFetch }: SyncingApp, relay: Relay): Promise<void> {
  await lowBandwidthFetch.close();
  await relay.takeTraffic();
}

interface SyncingApp {
  readonly fetch: LowBandwidthFetch;
  /** The next /sync, from where the last one ended. */
  sync(): Promise<void>;
}

/** Logs in and does the first /sync. */
async function openApp(
  { homeserver, userId, password }: User,
  { port }: Relay,
  timed: Timed,
  forms: Forms,
  query: Readonly<Record<string, string>>,
  keepAlive?: number,
): Promise<SyncingApp> {
  const lowBandwidthFetch = createLowBandwidthFetch({
    // What it finds over HTTPS, once in six hours: that is not counted.
    fetch: async () => Response.json({ versions: ['v1.11'], 'm.low_bandwidth': { ...OFFER, dtls: port } }),
    // The certificate's bytes cross the wire whether it is verified or not.
    dangerouslySkipVerification: true,
    ...formsOf(forms),
    keepAlive: keepAlive === undefined ? {} : { first: keepAlive },
    onFallback: ({ url, reason }) => {
      throw new Error(`${url} went over HTTP: ${reason}`);
    },
  });
  const ask = async (target: string, init: RequestInit): Promise<Record<string, string>> => {
    const response = await lowBandwidthFetch(homeserver + target, init);
    if (!response.ok) throw new Error(`${target}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, string>;
  };
  const identifier = { type: 'm.id.user', user: userId };
  const login = { type: 'm.login.password', identifier, password };
  const { access_token } = await timed(() => ask(`${V3}/login`, { method: 'POST', body: JSON.stringify(login) }));
  let since: string | undefined;
  const sync = async (): Promise<void> => {
    const position = since === undefined ? {} : { since };
    const target = `${V3}/sync?${new URLSearchParams({ ...query, ...position, timeout: '30000' })}`;
    ({ next_batch: since } = await ask(target, { headers: { Authorization: `Bearer ${access_token}` } }));
  };
  await timed(sync);
  return { fetch: lowBandwidthFetch, sync };
}
