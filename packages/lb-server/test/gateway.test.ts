import { settled, VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { createGateway, type Outcome } from '../src/gateway.ts';
import { DEFAULT_LIMITS, type Limits } from '../src/limits.ts';
import { createLoopGuard } from '../src/loop-guard.ts';
import { json, parse, scriptedUpstream } from './support/upstream.ts';

const GET = { method: 'GET', target: '/_matrix/client/v3/account/whoami', headers: [] };
const SYNC = { method: 'GET', target: '/_matrix/client/v3/sync?timeout=30000', headers: [] };

function silentHomeserver(limits: Partial<Limits> = {}) {
  const platform = new VirtualTime();
  const { upstream, requests } = scriptedUpstream(() => new Promise(() => undefined));
  return {
    platform,
    requests,
    gateway: createGateway(upstream, platform, { ...DEFAULT_LIMITS, ...limits }, createLoopGuard(platform)),
  };
}

/** What a promise has resolved with by now. */
async function state(promise: Promise<Outcome>): Promise<unknown> {
  const outcome = await Promise.race([promise, settled()]);
  return outcome === undefined
    ? 'pending'
    : { status: outcome.response.status, ...(parse(outcome.response.body) as object) };
}

describe('the way to the homeserver', () => {
  it('answers 504 when the time is over, and lets the request go', async () => {
    const { platform, requests, gateway } = silentHomeserver();
    const outcome = gateway.ask(GET, undefined);
    await platform.advance(59_999);
    expect(await state(outcome)).toBe('pending');
    expect(requests[0]!.signal.aborted).toBe(false);
    await platform.advance(1);
    expect(await state(outcome)).toEqual({
      status: 504,
      errcode: 'M_UNKNOWN',
      error: 'The homeserver did not answer in time',
    });
    expect(requests[0]!.signal.aborted).toBe(true);
  });

  it('gives a long-poll its own time on top, an hour at most', async () => {
    const { platform, gateway } = silentHomeserver();
    const sync = gateway.ask(SYNC, undefined);
    const forever = gateway.ask({ ...SYNC, target: '/_matrix/client/v3/sync?timeout=999999999999' }, undefined);
    await platform.advance(89_999);
    expect(await state(sync)).toBe('pending');
    await platform.advance(1);
    expect(await state(sync)).toMatchObject({ status: 504 });
    await platform.advance(3_660_000 - 90_001);
    expect(await state(forever)).toBe('pending');
    await platform.advance(1);
    expect(await state(forever)).toMatchObject({ status: 504 });
  });

  it('lets the request go when the client does not wait any more', async () => {
    const { requests, gateway } = silentHomeserver();
    const client = new AbortController();
    const outcome = gateway.ask(GET, client.signal);
    await settled();
    client.abort();
    expect(await state(outcome)).toMatchObject({ status: 499 });
    expect(requests[0]!.signal.aborted).toBe(true);
    expect(await state(gateway.ask(GET, client.signal))).toMatchObject({ status: 499 });
    expect(requests).toHaveLength(1);
  });

  it('answers 502 for what the upstream throws, at once or later, and says why to the log only', async () => {
    for (const upstream of [
      () => {
        throw new Error('connect ECONNREFUSED 127.0.0.1:8008');
      },
      () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:8008')),
    ]) {
      const gateway = createGateway(upstream, new VirtualTime(), DEFAULT_LIMITS, createLoopGuard(new VirtualTime()));
      const { response, error } = await gateway.ask(GET, undefined);
      expect(response.status).toBe(502);
      expect(parse(response.body)).toEqual({ errcode: 'M_UNKNOWN', error: 'The homeserver cannot be reached' });
      expect(error).toMatchObject({ message: 'connect ECONNREFUSED 127.0.0.1:8008' });
    }
  });

  it('answers 413 for a body above the limit, and 502 for such an answer', async () => {
    const limits = { ...DEFAULT_LIMITS, maxRequestBytes: 10, maxResponseBytes: 10 };
    const { upstream, requests } = scriptedUpstream(() => json(200, { long: 'answer' }));
    const gateway = createGateway(upstream, new VirtualTime(), limits, createLoopGuard(new VirtualTime()));
    const body = (length: number) => ({ ...GET, method: 'PUT', body: new Uint8Array(length) });
    expect((await gateway.ask(body(11), undefined)).response.status).toBe(413);
    expect(requests).toHaveLength(0);
    const { response } = await gateway.ask(body(10), undefined);
    expect(response.status).toBe(502);
    expect(parse(response.body)).toMatchObject({ errcode: 'M_TOO_LARGE' });
  });

  it('answers 429 to a session with too many requests at a time, until one is done', async () => {
    const { requests, platform, gateway } = silentHomeserver({ maxSessionRequests: 2 });
    const load = { requests: 0 };
    const outcomes = [gateway.ask(GET, undefined, load), gateway.ask(GET, undefined, load)];
    expect(await state(gateway.ask(GET, undefined, load))).toEqual({
      status: 429,
      errcode: 'M_LIMIT_EXCEEDED',
      error: 'Too many requests at a time',
      retry_after_ms: 1000,
    });
    expect(await state(gateway.ask(GET, undefined, { requests: 0 }))).toBe('pending');
    await platform.advance(60_000);
    await Promise.all(outcomes);
    expect(load.requests).toBe(0);
    void gateway.ask(GET, undefined, load);
    expect(requests).toHaveLength(4);
  });

  it('answers 503 to everybody above the total', async () => {
    const { gateway } = silentHomeserver({ maxRequests: 1 });
    void gateway.ask(GET, undefined);
    expect(await state(gateway.ask(GET, undefined))).toMatchObject({ status: 503, retry_after_ms: 5000 });
  });

  it('ends long-polls for the sake of a quick stop, and nothing else', async () => {
    const { requests, gateway } = silentHomeserver();
    const sync = gateway.ask(SYNC, undefined);
    const other = gateway.ask(GET, undefined);
    await settled();
    gateway.endLongPolls();
    expect(await state(sync)).toMatchObject({ status: 503, errcode: 'M_UNKNOWN' });
    expect(requests[0]!.signal.aborted).toBe(true);
    expect(await state(other)).toBe('pending');
    expect(await state(gateway.ask(SYNC, undefined))).toMatchObject({ status: 503 });
  });
});
