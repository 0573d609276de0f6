import { setTimeout as sleep } from 'node:timers/promises';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';
import { listenLowBandwidth } from '@lb-matrix/lb-server/node';
import { expect, test } from 'vitest';
import { testCertificate } from '../src/certificate.ts';
import { memoryInUse } from '../src/memory.ts';
import { every } from '../src/repeat.ts';
import { tickingHomeserver } from '../src/ticking-homeserver.ts';

const SESSIONS = 200;
const SECONDS = Number(process.env.OBSERVE_SECONDS ?? 600);
/** Each push is remembered for EXCHANGE_LIFETIME (RFC 7252 section 4.8.2), about four minutes: what these take is a few per cent. */
const TICK_MS = 5_000;
/** Ticks after which everything is loaded and compiled. */
const WARM_UP = 10;

interface SyncBody {
  readonly next_batch: string;
  readonly rooms: {
    readonly join?: Record<string, { readonly timeline: { readonly events: { event_id: string }[] } }>;
  };
}

/** An app that syncs until its fetch is closed. */
class App {
  readonly fetch: ReturnType<typeof createLowBandwidthFetch>;
  /** The numbers of the messages that came, if they came as they should; that of the first that did not, otherwise. */
  readonly received = { first: 0, last: 0, wrong: undefined as string | undefined };
  readonly fallbacks: string[] = [];

  constructor(port: number, roots: readonly Uint8Array[]) {
    this.fetch = createLowBandwidthFetch({
      server: { host: '127.0.0.1', port },
      roots,
      onFallback: ({ url, reason }) => this.fallbacks.push(`${url}: ${reason}`),
    });
  }

  async run(token: string): Promise<void> {
    let since = '';
    for (;;) {
      const target = `/_matrix/client/v3/sync?timeout=30000${since && `&since=${since}`}`;
      const response = await this.fetch(`https://localhost${target}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      const { next_batch, rooms } = (await response.json()) as SyncBody;
      since = next_batch;
      for (const { event_id } of rooms.join?.['!room:example.org']?.timeline.events ?? []) this.#take(event_id);
    }
  }

  #take(id: string): void {
    const { received } = this;
    const number = Number(id.slice(1));
    if (received.first === 0) received.first = number;
    else if (number !== received.last + 1) received.wrong ??= id;
    received.last = number;
  }
}

test(`${SESSIONS} observing sessions for ${SECONDS} s leave nothing behind`, { timeout: 900_000 }, async () => {
  const homeserver = tickingHomeserver();
  const certificate = testCertificate();
  const server = await listenLowBandwidth({ host: '127.0.0.1', port: 0, certificate, upstream: homeserver.upstream });
  const apps = Array.from({ length: SESSIONS }, () => new App(server.address.port, certificate.chain));
  const ends = apps.map((app, index) => app.run(`token-${index}`));
  const settled = Promise.allSettled(ends);
  const allHave = async (number: number) => {
    while (apps.some(({ received }) => received.last < number)) await sleep(20);
  };
  while (homeserver.waiting < SESSIONS) await sleep(20);
  const ticks = every(TICK_MS, async () => homeserver.tick());

  await allHave(WARM_UP);
  const before = await memoryInUse();
  await sleep(SECONDS * 1_000);
  await ticks();
  await allHave(homeserver.position);
  const after = await memoryInUse();

  const pushes = apps.reduce((sum, { fetch }) => sum + fetch.stats().pushes, 0);
  console.log(
    `${SESSIONS} sessions, ${SECONDS} s, ${pushes} pushes; MiB of heap ${before.heap.toFixed(1)}, ` +
      `${after.heap.toFixed(1)}; RSS ${before.rss.toFixed(0)}, ${after.rss.toFixed(0)}`,
  );
  expect(apps.flatMap(({ fallbacks }) => fallbacks)).toEqual([]);
  for (const { received, fetch } of apps) {
    expect(received).toEqual({ first: 1, last: homeserver.position, wrong: undefined });
    // It was told each time, and did not ask.
    expect(fetch.stats().pushes).toBeGreaterThanOrEqual(homeserver.position);
  }
  expect(Math.abs(after.heap / before.heap - 1)).toBeLessThan(0.1);
  await Promise.all(apps.map(({ fetch }) => fetch.close()));
  await settled;
  await server.close();
});
