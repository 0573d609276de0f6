import type { Upstream } from '@lb-matrix/lb-server';
import { nodeDeflate } from '@lb-matrix/msc3079-mapper/node';
import { describe, expect, it } from 'vitest';
import { Network } from './support/network.ts';
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
/** What a client may ask a server for that offers everything. */
const FORMS = [
  ['plain MSC3079', {}],
  ['tables 2', { tables: 2 }],
  ['compression', { compression }],
  ['tables 2 and compression', { tables: 2, compression }],
] as const;

/** A client, and a proxy in front of a homeserver that serves the recording. */
function replaying(upstream: Upstream, options: Parameters<typeof world>[0] = {}) {
  const { time, app } = world();
  const network = new Network(time, upstream, { tables: 2, compression });
  const fallbacks: string[] = [];
  const fetch = app({
    connect: network.connect,
    onFallback: ({ url }) => void fallbacks.push(new URL(url).pathname),
    fetch: async () => Response.json({}),
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

  it.each(FORMS)('is the same over %s, request by request and answer by answer', async (_, forms) => {
    let current: Exchange | undefined;
    const { fetch, fallbacks, replay } = replaying(
      async (request) => {
        expect(request.method).toBe(current!.method);
        expect(said(request.target)).toEqual(said(current!.target));
        expect(parsed(new TextDecoder().decode(request.body))).toEqual(parsed(current!.request));
        expect(whoAsks(request)).toBe(current!.who);
        return answerOf(current!);
      },
      { observe: false, ...forms },
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

describe('the recorded /sync answers', () => {
  interface SyncBody {
    readonly next_batch: string;
  }
  const position = (target: string): string => new URL(target, ORIGIN).searchParams.get('since') ?? '';
  const syncs = recording('v2-sync-session').filter(({ target }) => target.startsWith('/_matrix/client/v3/sync'));

  const bodyOf = ({ response }: Exchange): SyncBody => JSON.parse(response!) as SyncBody;

  /** Of several devices the first: each of its calls goes on from the answer before. */
  function chain(exchanges: readonly Exchange[]): Exchange[] {
    const own: Exchange[] = [];
    for (const exchange of exchanges) {
      const last = own.at(-1);
      if (position(exchange.target) === (last === undefined ? '' : bodyOf(last).next_batch)) own.push(exchange);
    }
    return own;
  }

  it.each(FORMS.flatMap(([name, forms]) => ['alice', 'bob'].map((who) => [who, name, forms] as const)))(
    'of %s are pushed over %s as they were, those without news left out',
    async (who, _, forms) => {
      const own = chain(syncs.filter((exchange) => exchange.who === who));
      const { time, fetch, fallbacks, replay } = replaying(async (request) => {
        if (!request.target.startsWith('/_matrix/client/v3/sync')) return answerOf({ ...own[0]!, response: '{}' });
        const found = own.find(({ target }) => position(target) === position(request.target));
        if (found !== undefined) return answerOf(found);
        // The recording ends here: there is no news until the server has enough of waiting.
        return new Promise((resolve) => {
          const end = () => resolve(answerOf({ ...own[0]!, status: 504, response: '{}' }));
          time.setTimer(30_000, end);
          request.signal.addEventListener('abort', end);
        });
      }, forms);
      await replay({ ...own[0]!, target: '/_matrix/client/v3/account/whoami' });
      const received: SyncBody[] = [];
      for (const exchange of own) {
        if (position(exchange.target) !== (received.at(-1)?.next_batch ?? '')) continue;
        const body = (await (await replay(exchange)).json()) as SyncBody;
        // The last call finds no news: its answer is made here.
        if (body.next_batch !== position(exchange.target)) received.push(body);
      }
      const recorded = own.map(bodyOf);
      expect(received.length).toBeGreaterThan(own.length / 2);
      for (const body of received) {
        expect(recorded).toContainEqual(body);
      }
      const left = recorded.filter((body) => !received.some(({ next_batch }) => next_batch === body.next_batch));
      for (const body of left) {
        expect(Object.keys(body).filter((key) => key !== 'next_batch' && !/device_(?:one|unused)/.test(key))).toEqual(
          [],
        );
      }
      expect(fetch.stats().pushes).toBeGreaterThanOrEqual(received.length);
      expect(fallbacks).toEqual([]);
    },
  );
});
