import { fromFetch } from '@lb-matrix/lb-server';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { createLoopGuard } from '../src/loop-guard.ts';
import { testServer, within } from './support/link.ts';
import { json, parse, scriptedUpstream } from './support/upstream.ts';

const WHOAMI = '/_matrix/client/v3/account/whoami';

describe('the guard against loops', () => {
  it('knows its own stamp among others, whatever the case of the name', () => {
    const [ours, other] = [createLoopGuard(new VirtualTime(1)), createLoopGuard(new VirtualTime(2))];
    const stamped = other.stamp(ours.stamp([['Via', '1.0 fred']]));
    expect(stamped).toEqual([
      ['via', expect.stringMatching(/^1\.0 fred, 1\.1 lb-[0-9a-f]{16}, 1\.1 lb-[0-9a-f]{16}$/)],
    ]);
    expect([ours.hasPassed(stamped), other.hasPassed(stamped)]).toEqual([true, true]);
    expect(ours.hasPassed([['VIA', stamped[0]![1]]])).toBe(true);
    expect(ours.hasPassed(other.stamp([]))).toBe(false);
    expect(ours.hasPassed([])).toBe(false);
  });

  it('finds its stamp in a second Via header', () => {
    const guard = createLoopGuard(new VirtualTime());
    expect(guard.hasPassed([['via', '1.0 fred'], ...guard.stamp([])])).toBe(true);
  });
});

describe('a server that is its own homeserver', () => {
  it('answers 508 after one round, over CoAP and HTTP', async () => {
    let rounds = 0;
    const { platform, session, server } = testServer({
      upstream: ({ method, target, headers }) => {
        rounds++;
        return server.handleHttp({ method, target, headers });
      },
    });
    const { coap, status, json: error } = await within(platform, 10, session().ask('GET', WHOAMI, { token: 't' }));
    expect([status, rounds]).toEqual([508, 1]);
    expect(coap.code).toBe(0xa8);
    expect(error).toMatchObject({ errcode: 'M_UNKNOWN' });
    const response = await server.handleHttp({ method: 'GET', target: WHOAMI, headers: [] });
    expect([response.status, rounds]).toEqual([508, 2]);
  });

  it('also by way of another one', async () => {
    const second = testServer({
      platform: new VirtualTime(2),
      upstream: ({ method, target, headers }) => first.server.handleHttp({ method, target, headers }),
    });
    const first = testServer({
      upstream: ({ method, target, headers }) => second.server.handleHttp({ method, target, headers }),
    });
    const response = await first.server.handleHttp({ method: 'GET', target: WHOAMI, headers: [] });
    expect(response.status).toBe(508);
  });

  it('is not what a client with a Via of its own is taken for', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { server } = testServer({ upstream });
    const headers = [['via', '1.1 lb-0000000000000000']] as const;
    expect((await server.handleHttp({ method: 'GET', target: WHOAMI, headers })).status).toBe(200);
    expect(requests[0]!.headers).toEqual([
      ['via', expect.stringMatching(/^1\.1 lb-0000000000000000, 1\.1 lb-[0-9a-f]{16}$/)],
    ]);
  });

  it('works through fetch', async () => {
    const { server } = testServer({
      upstream: fromFetch(async (request) => {
        const { status, body } = await server.handleHttp({
          method: request.method,
          target: new URL(request.url).pathname,
          headers: [...request.headers],
        });
        return new Response(new Uint8Array(body), { status });
      }),
    });
    const { status, body } = await server.handleHttp({ method: 'GET', target: WHOAMI, headers: [] });
    expect([status, parse(body)]).toMatchObject([508, { errcode: 'M_UNKNOWN' }]);
  });
});
