import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Upstream } from '@lb-matrix/lb-server';
import { openClient } from './client.ts';
import type { Forms } from './forms.ts';
import { type Measurement, repeatRuns } from './measurement.ts';
import { type Relay, withRelay } from './relay.ts';

/** One request of a recorded session and its answer. */
interface Exchange {
  readonly who: 'alice' | 'bob';
  readonly method: string;
  readonly target: string;
  readonly request: string | null;
  readonly status: number;
  readonly response: string | null;
}

const RECORDINGS = new URL('../../../packages/lb-client/test/fixtures/', import.meta.url);
export type SessionName = 'v2-sync-session' | 'sliding-sync-session';

/**
 * Does what two apps did with matrix-js-sdk, request by request over low bandwidth, each app with a connection of its own, and gives
 * it the answers that they got. `/sync` is polled, as it was. What went to the media repository is left out. Counts as `measureWire`.
 */
export function measureSession(name: SessionName, runs: number, forms: Forms): Promise<Measurement[]> {
  const exchanges = recordingOf(name);
  return repeatRuns(runs, async (timed) => {
    let current: Exchange | undefined;
    const upstream: Upstream = async () => answerOf(current!);
    const traffic = await withRelay(upstream, async (relay) => {
      const apps = { alice: openApp(relay, forms), bob: openApp(relay, forms) };
      for (const exchange of exchanges) {
        current = exchange;
        await timed(() => apps[exchange.who].ask(exchange));
      }
      for (const app of Object.values(apps)) app.close();
      return relay.takeTraffic();
    });
    return { [name]: traffic };
  });
}

interface ReplayingApp {
  ask(exchange: Exchange): Promise<void>;
  close(): void;
}

function openApp({ port }: Relay, forms: Forms): ReplayingApp {
  const client = openClient(port, forms, { observe: false });
  let token: string | undefined;
  return {
    async ask({ method, target, request, response }) {
      const answer = await client.fetch(target, {
        method,
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
        ...(request === null || request === '' ? {} : { body: request }),
      });
      await answer.arrayBuffer();
      token ??= (JSON.parse(response ?? '{}') as { access_token?: string }).access_token;
    },
    close: () => void client.close(),
  };
}

function recordingOf(name: SessionName): Exchange[] {
  const text = gunzipSync(readFileSync(new URL(`${name}.jsonl.gz`, RECORDINGS))).toString();
  const exchanges = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exchange);
  return exchanges.filter(({ target }) => target.startsWith('/_matrix/client/'));
}

function answerOf({ status, response }: Exchange): Awaited<ReturnType<Upstream>> {
  return { status, headers: [['content-type', 'application/json']], body: new TextEncoder().encode(response ?? '') };
}
