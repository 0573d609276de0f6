import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromFetch } from '@lb-matrix/lb-server';
import { ask, type Client, openClient } from './client.ts';
import type { Forms } from './forms.ts';
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
async function close({ client }: SyncingApp, relay: Relay): Promise<void> {
  await client.close();
  await relay.takeTraffic();
}

interface SyncingApp {
  readonly client: Client;
  /** The next /sync, from where the last one ended. */
  sync(): Promise<void>;
}

/** Logs in and does the first /sync. */
async function openApp(
  { userId, password }: User,
  { port }: Relay,
  timed: Timed,
  forms: Forms,
  query: Readonly<Record<string, string>>,
  keepAlive?: number,
): Promise<SyncingApp> {
  const client = openClient(port, forms, { keepAlive: keepAlive === undefined ? {} : { first: keepAlive } });
  const identifier = { type: 'm.id.user', user: userId };
  const login = { type: 'm.login.password', identifier, password };
  const { access_token } = await timed(() => ask(client, undefined, 'POST', `${V3}/login`, login));
  let since: string | undefined;
  const sync = async (): Promise<void> => {
    const position = since === undefined ? {} : { since };
    const target = `${V3}/sync?${new URLSearchParams({ ...query, ...position, timeout: '30000' })}`;
    ({ next_batch: since } = await ask(client, access_token, 'GET', target));
  };
  await timed(sync);
  return { client, sync };
}
