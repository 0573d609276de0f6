import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { send, sendJson, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it } from 'vitest';
import { ask, register } from './support/matrix.ts';
import { statusOf } from './support/status.ts';
import {
  overHttp,
  rootFile,
  serverPin,
  startHomeserver,
  startServer,
  startTestProxy,
  startWorld,
} from './support/world.ts';

const PATIENCE = { timeout: 10_000 };

describe('a Matrix client behind the proxy', () => {
  it('registers, talks and syncs, all of it over UDP', async () => {
    const { url, asked } = await startWorld();
    const alice = await register(url, 'alice');
    const bob = await register(url, 'bob');
    const { json: room } = await alice.request('POST', '/createRoom', { preset: 'public_chat' });
    expect((await bob.request('POST', `/join/${encodeURIComponent(room.room_id!)}`, {})).status).toBe(200);
    const since = (await bob.request('GET', '/sync?timeout=0')).json.next_batch;
    const path = `/rooms/${encodeURIComponent(room.room_id!)}/send/m.room.message/1`;
    const waiting = bob.request('GET', `/sync?timeout=20000&since=${since}`);
    const sent = await alice.request('PUT', path, { msgtype: 'm.text', body: 'Hello' });
    const { json: synced, headers } = await waiting;
    expect(synced.rooms?.join[room.room_id!]?.timeline.events).toMatchObject([
      { event_id: sent.json.event_id, content: { body: 'Hello' } },
    ]);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'access-control-allow-origin': '*' });
    expect(asked.some((line) => line.startsWith('PUT'))).toBe(true);
    const status = await statusOf(url);
    expect(status).toMatchObject({ state: 'connected', fallbacks: 0, sinceSync: expect.any(Number) });
    expect(status.pushes).toBeGreaterThan(0);
    expect(status.bytesReceived).toBeGreaterThan(0);
  });

  it('knows its server by the key that it is told', async () => {
    const { url } = await startWorld(['--pin', serverPin]);
    await register(url, 'alice');
    expect(await statusOf(url)).toMatchObject({ state: 'connected', fallbacks: 0 });
  });

  it('goes over HTTP where somebody with another key answers, and warns of it', async () => {
    const { url, lines, asked } = await startWorld(['--pin', `sha256/${'A'.repeat(43)}=`]);
    await register(url, 'alice');
    expect(await statusOf(url)).toMatchObject({ state: 'fallback' });
    expect(asked).toEqual([]);
    expect(lines.join('')).toMatch(
      /^WARN\[\d{4}] \w+ \S+ goes over HTTP: pin_mismatch +error=.*the public key has the pin /m,
    );
  });

  it('polls where it is told not to observe', async () => {
    const { url } = await startWorld(['-observe=false']);
    const alice = await register(url, 'alice');
    const since = (await alice.request('GET', '/sync?timeout=0')).json.next_batch;
    expect((await alice.request('GET', `/sync?timeout=10&since=${since}`)).json.next_batch).toBe(since);
    expect(await statusOf(url)).toMatchObject({ pushes: 0, fallbacks: 0 });
  });

  it('is told errors as the homeserver tells them', async () => {
    const { url } = await startWorld();
    const alice = await register(url, 'alice');
    const limited = await alice.request('PUT', '/rooms/!r:localhost/send/m.test/rate-limit-1500', {});
    expect([limited.status, limited.json.errcode, limited.json.retry_after_ms]).toEqual([
      429,
      'M_LIMIT_EXCEEDED',
      1500,
    ]);
    expect(limited.headers['retry-after']).toBe('2');
    const unknown = await ask(url, 'GET', '/_matrix/client/v3/account/whoami', {
      headers: { authorization: 'Bearer nonsense' },
    });
    expect([unknown.status, unknown.json.errcode]).toEqual([401, 'M_UNKNOWN_TOKEN']);
  });

  it('has a connection of its own for each access token', async () => {
    const homeserver = await startHomeserver();
    const ports = new Map<string, Set<number>>();
    const server = await startServer(overHttp(homeserver), ({ path, peer }) => {
      const what = path.split('/').at(-1)!;
      if (peer !== undefined) ports.set(what, (ports.get(what) ?? new Set()).add(peer.port));
    });
    const { url } = await startTestProxy(['-homeserver', homeserver, '--server', server, '--cacert', rootFile()]);
    for (const name of ['alice', 'bob']) {
      const { request } = await register(url, name);
      for (let n = 0; n < 3; n += 1) await request('GET', '/account/whoami');
    }
    expect(ports.get('whoami')?.size).toBe(2);
    // What a registration came by goes on as its token's, which spares a handshake.
    expect(ports.get('register')).toEqual(ports.get('whoami'));
  });

  it('may leave the type of its JSON to curl', async () => {
    const { url } = await startWorld();
    const body = JSON.stringify({ username: 'alice', password: 'p', auth: { type: 'm.login.dummy' } });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await send(url, 'POST', '/_matrix/client/v3/register', { headers, body })).status).toBe(200);
    expect(await statusOf(url)).toMatchObject({ requests: 1, fallbacks: 0 });
  });

  it('may have its token in the query, which then crosses the air once', async () => {
    const { url, asked } = await startWorld();
    const { token, id } = await register(url, 'alice');
    const answer = await ask(url, 'GET', `/_matrix/client/v3/account/whoami?access_token=${token}&a=%20b`);
    expect(answer.json.user_id).toBe(id);
    expect(asked.at(-1)).toBe('GET /_matrix/client/v3/account/whoami?a=%20b');
  });

  it('stays with the proxy, whatever the homeserver says its URL is', async () => {
    const { url } = await startWorld();
    await register(url, 'alice');
    const body = JSON.stringify({ type: 'm.login.password', user: 'alice', password: 'secret' });
    const login = await ask(url, 'POST', '/_matrix/client/v3/login', { body });
    expect(login.json.well_known?.['m.homeserver'].base_url).toBe(url);
    const wellKnown = await ask(url, 'GET', '/.well-known/matrix/client');
    expect(wellKnown.json['m.homeserver']?.base_url).toBe(url);
  });

  it('finds the server by /versions of its homeserver', async () => {
    const homeserver = await startHomeserver();
    const server = await startServer(overHttp(homeserver));
    const dtls = Number(server.split(':')[1]);
    const front = await startHttpServer((_, response) =>
      sendJson(response, 200, {
        versions: ['v1.5'],
        'm.low_bandwidth': { dtls, cbor_enum_version: 1, coap_enum_version: 1 },
      }),
    );
    const { url } = await startTestProxy(['-homeserver', front, '--cacert', rootFile()]);
    expect((await register(url, 'alice')).id).toBe('@alice:localhost');
    expect(await statusOf(url)).toMatchObject({ state: 'connected', requests: 1, fallbacks: 0 });
  });

  it('leaves the session secrets where SSLKEYLOGFILE says', async () => {
    const server = await startServer(overHttp(await startHomeserver()));
    const file = `${rootFile()}.keys`;
    const flags = ['-homeserver', 'http://127.0.0.1:9', '--server', server, '--cacert', rootFile()];
    const { url, lines } = await startTestProxy(flags, { SSLKEYLOGFILE: file });
    await send(url, 'GET', '/_matrix/client/versions');
    expect(readFileSync(file, 'utf8')).toMatch(
      /^(CLIENT_RANDOM|CLIENT_HANDSHAKE_TRAFFIC_SECRET) [0-9a-f]{64} [0-9a-f]+\n/,
    );
    expect(lines.join('')).toContain('Session secrets are written to');
  });

  it('is not waited for with its /sync when the proxy stops', async () => {
    const { url, proxy } = await startWorld();
    const alice = await register(url, 'alice');
    const since = (await alice.request('GET', '/sync?timeout=0')).json.next_batch;
    const waiting = alice.request('GET', `/sync?timeout=30000&since=${since}`).then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );
    await alice.request('GET', '/account/whoami');
    const started = performance.now();
    await proxy.close(20_000);
    expect(await waiting).toBe('ECONNRESET');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('takes its request along when it goes', async () => {
    const homeserver = await startHttpServer(({ url }, response) => {
      if (url === '/_matrix/media/slow') response.once('close', () => gone.push('streamed'));
    });
    const gone: string[] = [];
    const asked: string[] = [];
    const server = await startServer(({ target }) => {
      asked.push(target);
      return new Promise(() => undefined);
    });
    const { url, lines } = await startTestProxy(['-homeserver', homeserver, '--server', server, '-k']);
    for (const path of ['/_matrix/client/v3/account/whoami', '/_matrix/media/slow']) {
      const outgoing = request(url + path).on('error', () => undefined);
      outgoing.end();
      if (path.includes('client')) await expect.poll(() => asked, PATIENCE).toEqual([path]);
      else await once(outgoing, 'socket').then(([socket]) => once(socket, 'ready'));
      outgoing.destroy();
      await expect.poll(() => lines.join(''), PATIENCE).toContain(`GET ${path} - 499`);
    }
    await expect.poll(() => gone, PATIENCE).toEqual(['streamed']);
  });

  it('uses HTTP while UDP does not get through, and is told when nothing does', async () => {
    const homeserver = await startHttpServer((incoming, response) => {
      // A coding that the client takes, but that is not passed on as it is.
      if (!incoming.headers['accept-encoding']?.includes('gzip')) return void response.end('{}');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"over":"http"}'));
    });
    const blocked = ['--server', '127.0.0.1:9', '--cacert', rootFile()];
    const { url, lines } = await startTestProxy(['-homeserver', homeserver, ...blocked]);
    const headers = { 'accept-encoding': 'zstd' };
    const over = await ask(url, 'GET', '/_matrix/client/v3/account/whoami', { headers });
    expect([over.json, over.headers['content-encoding']]).toEqual([{ over: 'http' }, undefined]);
    expect(await statusOf(url)).toMatchObject({ state: 'fallback', fallbacks: 1 });
    expect(lines.join('')).toMatch(/GET \/_matrix\/client\/v3\/account\/whoami goes over HTTP: unreachable/);
    const nothing = await startTestProxy(['-homeserver', 'http://127.0.0.1:9', ...blocked]);
    const answer = await ask(nothing.url, 'GET', '/_matrix/client/v3/account/whoami');
    expect([answer.status, answer.json.errcode]).toEqual([502, 'M_UNKNOWN']);
    expect(answer.headers['access-control-allow-origin']).toBe('*');
  });
});

describe('what is no JSON', () => {
  it('is streamed both ways, as it comes', async () => {
    const homeserver = await startHttpServer((incoming, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'access-control-allow-origin': 'https://other.example' });
      incoming.pipe(response);
    });
    const { url } = await startTestProxy(['-homeserver', homeserver, '--server', '127.0.0.1:9', '-k']);
    for (const path of [
      '/_matrix/media/v3/upload',
      '/_matrix/client/v1/media/upload',
      '/_matrix/client/unstable/x/media/u',
    ]) {
      const outgoing = request(url + path, { method: 'POST', agent: false });
      outgoing.write('first');
      const [response] = await once(outgoing, 'response');
      // The answer begins before the request has ended: nothing waits for the whole.
      const [first] = await once(response, 'data');
      expect(String(first)).toBe('first');
      outgoing.end();
      response.resume();
      await once(response, 'end');
      expect(response.headers['access-control-allow-origin']).toBe('*');
    }
    const megabytes = Buffer.alloc(20 * 1024 * 1024, 'm');
    const large = await send(url, 'POST', '/_matrix/media/v3/upload', { body: megabytes });
    expect(large.body.equals(megabytes)).toBe(true);
  });

  it('keeps its path as it is written, and loses what is not ours to pass on', async () => {
    const seen: unknown[] = [];
    const homeserver = await startHttpServer(({ url, headers }, response) => {
      seen.push(url, headers['x-forwarded-for'], headers.authorization, headers.host);
      response.end();
    });
    const { url } = await startTestProxy(['-homeserver', homeserver, '--server', '127.0.0.1:9', '-k']);
    const headers = { 'x-forwarded-for': '10.0.0.1', authorization: 'Bearer t' };
    await send(url, 'GET', '/_matrix/media/v3/download/a%2Fb/%E2%82%AC?x=%2B', { headers });
    const { host } = new URL(homeserver);
    expect(seen).toEqual(['/_matrix/media/v3/download/a%2Fb/%E2%82%AC?x=%2B', undefined, 'Bearer t', host]);
  });

  it('ends in the middle when the homeserver does, and in a 502 before it began', async () => {
    const homeserver = await startHttpServer(({ url }, response) => {
      if (url?.endsWith('half')) response.write('half', () => response.destroy());
      else response.destroy();
    });
    const { url } = await startTestProxy(['-homeserver', homeserver, '--server', '127.0.0.1:9', '-k']);
    await expect(send(url, 'GET', '/_matrix/media/half')).rejects.toThrow();
    expect((await send(url, 'GET', '/_matrix/media/none')).status).toBe(502);
  });
});

describe('the HTTP side', () => {
  const open = () => startTestProxy(['-homeserver', 'http://127.0.0.1:9', '--server', '127.0.0.1:9', '-k']);

  it('answers preflights as the specification wants', async () => {
    const { url } = await open();
    const { status, headers } = await send(url, 'OPTIONS', '/_matrix/client/v3/sync', {
      headers: { origin: 'https://app.example', 'access-control-request-method': 'PUT' },
    });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
      'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization',
    });
  });

  it.each([
    ['evil.example', 421],
    ['evil.example:8008', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost:1', 204],
    ['app.localhost', 204],
    ['[::1]:8008', 204],
    ['127.5.5.5', 204],
    ['Phone.Lan:8008', 204],
  ])('takes Host: %s with %i', async (host, expected) => {
    const { url } = await startTestProxy([
      ...['-homeserver', 'http://127.0.0.1:9', '--server', '127.0.0.1:9', '-k'],
      ...['--allow-host', 'phone.lan', '--allow-host', 'other.lan'],
    ]);
    expect((await send(url, 'OPTIONS', '/_matrix/client/versions', { headers: { host } })).status).toBe(expected);
    if (expected === 421) expect((await send(url, 'GET', '/_lb/', { headers: { host } })).status).toBe(421);
  });

  it.each([
    '/',
    '/admin',
    '/_matrix',
    '/_matrix/client/../../admin',
    '/_matrix/%2e%2e/admin',
    'http://evil.example/_matrix/x',
  ])('has nothing at %s', async (path) => {
    const { url } = await open();
    const { status, json } = await ask(url, 'GET', path);
    expect([status, json.errcode]).toEqual([404, 'M_UNRECOGNIZED']);
  });

  it('bounds what it reads', async () => {
    const { url } = await open();
    const body = Buffer.alloc(16 * 1024 * 1024 + 1, ' ');
    const { status, json } = await ask(url, 'POST', '/_matrix/client/v3/createRoom', { body });
    expect([status, json.errcode]).toEqual([413, 'M_TOO_LARGE']);
  });

  it('logs no query and no token', async () => {
    const { url, lines } = await startWorld();
    const { token } = await register(url, 'alice');
    await send(url, 'GET', `/_matrix/client/v3/sync?timeout=0&access_token=${token}&filter=secret`);
    await send(url, 'GET', `/_matrix/media/v3/config?access_token=${token}`);
    expect(lines.join('')).toContain('GET /_matrix/client/v3/sync - ');
    expect(lines.join('')).not.toMatch(new RegExp(`${token}|secret|access_token`));
  });
});
