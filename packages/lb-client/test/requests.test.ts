import { decodeMessage, OptionNumber, Type } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { ClosedError, NetworkError } from '../src/index.ts';
import { json } from './support/homeserver.ts';
import { ORIGIN, world } from './support/world.ts';

describe('a request', () => {
  it('gets a real Response, with JSON in it', async () => {
    const { time, ask, fetch, fallbacks } = world();
    const response = await time.until(ask('v3/account/whoami'));
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.clone().json()).toEqual({ user_id: '@alice:example.org' });
    expect(await response.json()).toEqual({ user_id: '@alice:example.org' });
    expect(fallbacks).toEqual([]);
    expect(fetch.stats()).toMatchObject({ requests: 1, fallbacks: 0, pushes: 0 });
  });

  it('is one of many at a time, and Node warns of no leak', async () => {
    const { time, ask } = world();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    const responses = await time.until(Promise.all(Array.from({ length: 20 }, () => ask('v3/account/whoami'))));
    // Warnings come on the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(warnings).toEqual([]);
  });

  it('may be a Request, with a body', async () => {
    const { time, fetch, homeserver } = world();
    const request = new Request(`${ORIGIN}/_matrix/client/v3/login`, { method: 'POST', body: '{"type":"m.login.x"}' });
    expect(await (await time.until(fetch(request))).json()).toEqual({ access_token: 'secret' });
    expect(new TextDecoder().decode(homeserver.requests[0]!.body)).toBe('{"type":"m.login.x"}');
  });

  it.each([204, 205, 304])('with the answer %i has no body', async (status) => {
    const { time, ask, homeserver } = world();
    homeserver.outage = { status, headers: [], body: new Uint8Array() };
    const response = await time.until(ask('v3/account/whoami'));
    expect(response.body).toBeNull();
    expect(response.status).toBe(status);
  });

  it('hears when to come back', async () => {
    const { time, ask, homeserver } = world();
    homeserver.outage = json(429, { errcode: 'M_LIMIT_EXCEEDED' }, [['retry-after', '17']]);
    await time.until(ask('v3/account/whoami'));
    const response = await time.until(ask('v3/account/whoami'));
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('17');
    expect(await response.json()).toEqual({ errcode: 'M_LIMIT_EXCEEDED' });
  });

  it('is given up with its signal, whose reason it rejects with, and the server is told', async () => {
    const { time, ask, homeserver, network } = world({ observe: false });
    await time.until(ask('v3/account/whoami'));
    const control = new AbortController();
    const call = ask('v3/sync?timeout=30000&since=s1', { signal: control.signal });
    const outcome = Promise.allSettled([call]);
    await time.advance(1000);
    const reason = new Error('enough');
    control.abort(reason);
    expect(await time.until(outcome)).toEqual([{ status: 'rejected', reason }]);
    network.sightings.length = 0;
    homeserver.happen();
    await time.advance(1000);
    const types = network.sightings.map(({ bytes }) => (bytes[0]! >> 4) & 3);
    expect(types).toEqual([Type.CON, Type.RST]);
    await expect(ask('v3/account/whoami', { signal: control.signal })).rejects.toBe(reason);
  });

  it('does not take the handshake with it that others wait for', async () => {
    const { time, ask, network } = world();
    const control = new AbortController();
    const given = Promise.allSettled([ask('v3/account/whoami', { signal: control.signal })]);
    const other = ask('v3/account/whoami');
    await time.advance(10);
    control.abort();
    expect((await given)[0]!.status).toBe('rejected');
    expect((await time.until(other)).status).toBe(200);
    expect(network.handshakes).toBe(1);
  });

  it('rejects as fetch does for what is no URL', async () => {
    await expect(world().fetch('not a URL')).rejects.toBeInstanceOf(TypeError);
  });
});

describe('the access token', () => {
  const carriesToken = (bytes: Uint8Array): boolean => {
    const decoded = decodeMessage(bytes);
    return 'message' in decoded && decoded.message.options.some(({ number }) => number === OptionNumber.Authorization);
  };

  it('R12: travels once for each connection', async () => {
    const { time, ask, network } = world();
    for (let i = 0; i < 3; i++) await time.until(ask(`v3/account/whoami?${i}`));
    const requests = network.sightings.filter(({ from, bytes }) => from === 'client' && bytes[1] !== 0);
    expect(requests.map(({ bytes }) => carriesToken(bytes))).toEqual([true, false, false]);
  });

  it('has a connection of its own, and requests without one use one that never carried any', async () => {
    const { time, ask, network } = world();
    const status = async (token: string) => (await time.until(ask('v3/account/whoami', { token }))).status;
    expect([await status('secret'), await status(''), await status('secret'), await status('')]).toEqual([
      200, 401, 200, 401,
    ]);
    expect(network.handshakes).toBe(2);
  });

  it('is replaced on its connection by the one that the SDK got for it', async () => {
    const { time, ask, homeserver, network } = world();
    await time.until(ask('v3/account/whoami'));
    homeserver.token = 'fresh';
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(401);
    expect((await time.until(ask('v3/account/whoami', { token: 'fresh' }))).status).toBe(200);
    expect(network.handshakes).toBe(1);
    homeserver.token = 'secret';
    expect((await time.until(ask('v3/account/whoami', { token: 'fresh' }))).status).toBe(401);
  });

  it('goes on with the connection that its login was sent on, and a request without one gets another', async () => {
    const { time, ask, network } = world();
    const login = ask('v3/login', { method: 'POST', token: '', body: '{"type":"m.login.x"}' });
    expect((await time.until(login)).status).toBe(200);
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    expect(network.handshakes).toBe(1);
    expect((await time.until(ask('v3/account/whoami', { token: '' }))).status).toBe(401);
    expect(network.handshakes).toBe(2);
  });

  it('R11: is forgotten with the logout', async () => {
    const { time, ask, network, homeserver } = world();
    await time.until(ask('v3/account/whoami'));
    await time.until(ask('v3/logout', { method: 'POST' }));
    homeserver.token = 'next';
    expect((await time.until(ask('v3/account/whoami', { token: 'next' }))).status).toBe(200);
    expect(network.handshakes).toBe(1);
  });
});

describe('the connection', () => {
  it('tells its states', async () => {
    const { time, ask, fetch, network } = world();
    const states: string[] = [fetch.connection.state];
    const end = fetch.connection.onState((state) => void states.push(state));
    await time.until(ask('v3/account/whoami'));
    network.blocked = true;
    await time.until(ask('v3/account/whoami'));
    network.blocked = false;
    await time.advance(60_000);
    await time.until(ask('v3/account/whoami'));
    await time.advance(1000);
    await fetch.close();
    expect(states).toEqual(['idle', 'connecting', 'connected', 'fallback', 'connected', 'closed']);
    end();
  });

  it('ends after ten minutes without use, and comes back', async () => {
    const { time, ask, fetch, network } = world();
    await time.until(ask('v3/account/whoami'));
    await time.advance(599_000);
    expect(fetch.connection.state).toBe('connected');
    await time.advance(2000);
    expect(fetch.connection.state).toBe('idle');
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    expect(network.handshakes).toBe(2);
  });

  it('rejects what is under way when it is closed, and all that comes after', async () => {
    const { time, ask, fetch } = world();
    await time.until(ask('v3/account/whoami'));
    const calls = [ask('v3/sync?timeout=30000&since=s1'), ask('v3/account/whoami', { token: '' })];
    const outcomes = Promise.allSettled(calls);
    await time.advance(50);
    await fetch.close();
    for (const outcome of await outcomes) {
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(ClosedError);
    }
    await expect(ask('v3/account/whoami')).rejects.toMatchObject({ code: 'closed' });
  });

  it('leaves no timer behind', async () => {
    const { time, ask, fetch, timers } = world();
    await time.until(ask('v3/account/whoami'));
    await time.until(ask('v3/sync?timeout=30000'));
    expect(timers()).toBeGreaterThan(0);
    await fetch.close();
    await time.advance(100);
    expect(timers()).toBe(0);
  });
});

describe('what costs', () => {
  it('is counted, beside what HTTP had cost', async () => {
    const { time, ask, fetch, network } = world();
    await time.until(ask('v3/account/whoami'));
    const { bytesSent, bytesReceived, datagramsSent, datagramsReceived, httpBytes } = fetch.stats();
    const sum = (from: string) =>
      network.sightings.filter((s) => s.from === from).reduce((n, s) => n + s.bytes.length, 0);
    expect({ bytesSent, bytesReceived }).toEqual({ bytesSent: sum('client'), bytesReceived: sum('server') });
    expect([datagramsSent, datagramsReceived]).toEqual([1, 1]);
    const request =
      'GET /_matrix/client/v3/account/whoami HTTP/1.1\r\nHost: matrix.example.org\r\nauthorization: Bearer secret\r\n\r\n';
    const response =
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 33\r\n\r\n{"user_id":"@alice:example.org"}';
    expect(httpBytes).toBe(request.length + response.length + 44);
    expect([bytesSent, bytesReceived]).toEqual([50, 40]);
  });
});

describe('when nothing works', () => {
  it('rejects with a NetworkError, which is a TypeError', async () => {
    const cause = new TypeError('fetch failed');
    const { time, ask, network } = world({ fetch: () => Promise.reject(cause) });
    network.blocked = true;
    const outcome = await time.until(Promise.allSettled([ask('v3/account/whoami')]));
    expect(outcome[0]).toMatchObject({ status: 'rejected', reason: { code: 'network', cause } });
    expect((outcome[0] as PromiseRejectedResult).reason).toBeInstanceOf(NetworkError);
    expect((outcome[0] as PromiseRejectedResult).reason).toBeInstanceOf(TypeError);
    await expect(time.until(ask('v3/createRoom', { method: 'POST', body: '{}' }))).rejects.toMatchObject({
      code: 'fate_unknown',
      cause,
    });
  });
});
