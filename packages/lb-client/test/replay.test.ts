import type { Upstream } from '@lb-matrix/lb-server';
import { nodeDeflate } from '@lb-matrix/msc3079-mapper/node';
import { describe, expect, it } from 'vitest';
import { Network } from './support/network.ts';
import {
  askedFrom,
  bodyOf,
  chainOf,
  isSync,
  PushedRecording,
  positionIn,
  type SyncBody,
} from './support/pushed-recording.ts';
import { answerOf, type Exchange, meaning, recording, whoAsks } from './support/recording.ts';
import { ORIGIN, world } from './support/world.ts';

const inLowBandwidth = ({ target }: Exchange): boolean => target.startsWith('/_matrix/client/');
/** What a target says, in any order; that a cache is to be passed by is not said over CoAP. */
const said = (target: string): unknown => {
  const { path, query } = meaning(target);
  return { path, query: query.filter(([name]) => name !== '_cacheBuster').sort() };
};
const parsed = (text: string | null): unknown => (text === null || text === '' ? undefined : JSON.parse(text));

const compression = { deflate: nodeDeflate() };
/** Every combination of what can be agreed on: 1 tables 2, 2 base64 as bytes, 4 compression, 8 lean answers. */
const COMBINATIONS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const EVERYTHING = { tables: 2, compression, lean: true } as const;
/** Exact codes. */
const ALWAYS = 16;

/** A client, and a proxy in front of a homeserver that serves the recording; they agree on these features. */
function replaying(upstream: Upstream, features: number, options: Parameters<typeof world>[0] = {}) {
  const { time, app } = world();
  const network = new Network(time, upstream, EVERYTHING);
  network.features = features | ALWAYS;
  const fallbacks: string[] = [];
  const fetch = app({
    connect: network.connect,
    onFallback: ({ url }) => void fallbacks.push(new URL(url).pathname),
    fetch: async () => Response.json({}),
    ...EVERYTHING,
    ...options,
  });
  const replay = ({ who, method, target, request }: Exchange) =>
    time.until(
      fetch(ORIGIN + target, {
        method,
        headers: {
          authorization: `Bearer ${who}`,
          ...(request === null ? {} : { 'content-type': 'application/json' }),
        },
        ...(request === null || request === '' ? {} : { body: request }),
      }),
    );
  return { time, fetch, fallbacks, replay };
}

describe.each(['v2-sync-session', 'sliding-sync-session'] as const)('the recorded %s', (name) => {
  const exchanges = recording(name);

  it.each(COMBINATIONS)('is the same with features %i, request by request and answer by answer', async (features) => {
    let current: Exchange | undefined;
    const { fetch, fallbacks, replay } = replaying(
      async (request) => {
        expect(request.method).toBe(current!.method);
        expect(said(request.target)).toEqual(said(current!.target));
        expect(parsed(new TextDecoder().decode(request.body))).toEqual(parsed(current!.request));
        expect(whoAsks(request)).toBe(current!.who);
        return answerOf(current!);
      },
      features,
      { observe: false },
    );
    for (const exchange of exchanges) {
      current = exchange;
      const response = await replay(exchange);
      if (!inLowBandwidth(exchange)) continue;
      expect(response.status).toBe(exchange.status);
      // /versions has its offer of low bandwidth added.
      const expected = parsed(exchange.response);
      const got = parsed(await response.text());
      if (exchange.target.startsWith('/_matrix/client/versions')) expect(got).toMatchObject(expected as object);
      else expect(got).toEqual(expected);
    }
    const others = exchanges.filter((exchange) => !inLowBandwidth(exchange));
    expect(fallbacks).toEqual(others.map(({ target }) => target.split('?')[0]));
    expect(fetch.stats()).toMatchObject({ requests: exchanges.length - others.length, fallbacks: others.length });
    const { bytesSent, bytesReceived, httpBytes } = fetch.stats();
    expect((bytesSent + bytesReceived) / httpBytes).toBeLessThan(1);
  });
});

function eventsIn(bodies: readonly SyncBody[]): Set<string> {
  return new Set(JSON.stringify(bodies).match(/"event_id":"[^"]+"/g));
}

const USERS = (['v2-sync-session', 'sliding-sync-session'] as const).flatMap((name) =>
  (['alice', 'bob'] as const).map((who) => [who, name] as const),
);

describe.each(USERS)('what %s got in the recorded %s', (who, name) => {
  const own = chainOf(recording(name), who).filter(({ target }) => !/\/log(?:in|out)$|\/versions$/.test(target));
  const syncs = own.filter(isSync);

  it.each(COMBINATIONS)('is pushed as it was with features %i, what has no news left out', async (features) => {
    const homeserver = new PushedRecording(own);
    const { time, fetch, fallbacks, replay } = replaying(homeserver.upstream, features);
    await replay({ ...own[0]!, method: 'GET', request: null, target: '/_matrix/client/v3/account/whoami' });
    const received: SyncBody[] = [];
    for (const exchange of own) {
      homeserver.reach(exchange);
      if (!isSync(exchange)) {
        const response = await replay(exchange);
        expect(response.status).toBe(exchange.status);
        expect(parsed(await response.text())).toEqual(parsed(exchange.response));
        continue;
      }
      const last = received.at(-1);
      const body = (await (await replay(askedFrom(exchange, last))).json()) as SyncBody;
      // A call that finds no news has its answer made here.
      if (last === undefined || positionIn(body) !== positionIn(last)) received.push(body);
    }
    const recorded = syncs.map(bodyOf);
    expect(received.length).toBeGreaterThan(syncs.length / 3);
    for (const body of received) expect(recorded).toContainEqual(body);
    expect(eventsIn(received)).toEqual(eventsIn(recorded));
    expect(fetch.stats().pushes).toBeGreaterThanOrEqual(received.length);
    expect(fallbacks).toEqual([]);
    await time.until(fetch.close());
  });
});
