import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { startDemoHomeserver } from '../src/index.ts';
import { startHomeserver } from './client.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the homeserver', () => {
  it('says what it is', async () => {
    const log = vi.fn();
    const demo = await startDemoHomeserver({ log, serverName: 'wonder.land' });
    await demo.close();
    expect(log.mock.calls).toEqual([
      [`Demo homeserver for wonder.land on ${demo.url}: everything is in memory, nothing is kept`],
    ]);
  });

  it('listens on loopback and gives its port back', async () => {
    const first = await startDemoHomeserver({ log: () => {} });
    const port = Number(new URL(first.url).port);
    expect(first.url).toBe(`http://127.0.0.1:${port}`);
    await expect(startDemoHomeserver({ log: () => {}, port })).rejects.toThrow('EADDRINUSE');
    await first.close();
    const second = await startDemoHomeserver({ log: () => {}, port });
    expect(second.url).toBe(first.url);
    await second.close();
    await second.close();
  });

  it('listens on IPv6 too', async () => {
    const { url, send } = await startHomeserver({ host: '::1' });
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await send('GET', '/_matrix/client/versions')).status).toBe(200);
  });

  it('names itself in user ids, and where clients find it', async () => {
    const { register, send, url } = await startHomeserver({ serverName: 'wonder.land' });
    expect((await register('alice')).id).toBe('@alice:wonder.land');
    const wellKnown = { 'm.homeserver': { base_url: `${url}/` } };
    expect((await send('GET', '/.well-known/matrix/client')).body).toEqual(wellKnown);
  });
});

describe('HTTP', () => {
  it('lets browsers in from anywhere, errors included', async () => {
    const { send } = await startHomeserver();
    const preflight = await send('OPTIONS', '/_matrix/client/v3/sync');
    expect([preflight.status, preflight.body]).toEqual([204, null]);
    for (const { headers } of [
      preflight,
      await send('GET', '/nowhere'),
      await send('GET', '/_matrix/client/versions'),
    ]) {
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-headers')).toContain('Authorization');
      expect(headers.get('access-control-allow-methods')).toContain('PUT');
    }
  });

  it('answers in JSON that is not to be cached', async () => {
    const { headers } = await (await startHomeserver()).send('GET', '/_matrix/client/versions');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toContain('no-store');
  });

  it.each([
    ['/', 404],
    ['/_matrix/client/v3', 404],
    ['/_matrix/client/v3/sync/', 404],
    ['/_matrix/media/v3/config', 404],
    ['/_synapse/admin/v1/server_version', 404],
  ])('does not recognise %s', async (path, status) => {
    const answer = await (await startHomeserver()).send('GET', path);
    expect([answer.status, answer.at('/errcode')]).toEqual([status, 'M_UNRECOGNIZED']);
  });

  it('refuses a path that is not percent-encoded UTF-8', async () => {
    const answer = await (await startHomeserver()).send('GET', '/_matrix/client/v3/profile/%ff');
    expect([answer.status, answer.at('/errcode')]).toEqual([400, 'M_INVALID_PARAM']);
  });

  it('keeps a slash in a path parameter apart from those between them', async () => {
    const { register } = await startHomeserver();
    const alice = await register('alice');
    const room = (await alice.request('POST /createRoom', {})).text('/room_id');
    await alice.request(`PUT /rooms/${room}/state/org.example.x/a%2Fb`, { found: true });
    expect((await alice.request(`GET /rooms/${room}/state/org.example.x/a%2Fb`)).body).toEqual({ found: true });
    expect((await alice.request(`GET /rooms/${room}/state/org.example.x/a/b`)).status).toBe(404);
  });

  it('says 413 to a body above its limit, announced or not', { timeout: 30_000 }, async () => {
    const { register, send, url } = await startHomeserver();
    const { token, id } = await register('alice');
    const path = `/_matrix/client/v3/user/${id}/account_data/org.example.big`;
    const headers = { authorization: `Bearer ${token}` };
    const ofSize = (bytes: number) => JSON.stringify({ x: 'x'.repeat(bytes - 8) });
    const limit = 200 * 65_536;
    expect((await send('PUT', path, { headers, body: ofSize(limit) })).status).toBe(200);
    const answer = await send('PUT', path, { headers, body: ofSize(limit + 1) });
    expect([answer.status, answer.at('/errcode')]).toEqual([413, 'M_TOO_LARGE']);

    // The rest of the body is read and thrown away, so that the connection serves the next request.
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const { hostname, port } = new URL(url);
    const socket = createConnection(Number(port), hostname).setEncoding('latin1');
    let received = '';
    socket.on('data', (text) => {
      received += text;
      if (received.includes('"versions"')) socket.end();
    });
    socket.write(
      `PUT ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    socket.write(`${chunk.repeat(300)}0\r\n\r\n`);
    socket.write('GET /_matrix/client/versions HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'close');
    expect(received).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('refuses text that is not UTF-8', async () => {
    const { register, send } = await startHomeserver();
    const { token, id } = await register('alice');
    const answer = await send('PUT', `/_matrix/client/v3/profile/${id}/displayname`, {
      headers: { authorization: `Bearer ${token}` },
      body: Uint8Array.from([...'{"displayname":"'].map((char) => char.charCodeAt(0)).concat(0xff, 0x22, 0x7d)),
    });
    expect([answer.status, answer.at('/errcode')]).toEqual([400, 'M_NOT_JSON']);
  });
});

describe('a rate limit', () => {
  it('comes on demand, by the name of the transaction', async () => {
    const alice = await (await startHomeserver()).register('alice');
    const room = (await alice.request('POST /createRoom', {})).text('/room_id');
    const send = () => alice.request(`PUT /rooms/${room}/send/m.room.message/rate-limit-2500`, { body: 'x' });
    for (const answer of [await send(), await send()]) {
      expect(answer.status).toBe(429);
      expect(answer.body).toEqual({ errcode: 'M_LIMIT_EXCEEDED', error: 'Too Many Requests', retry_after_ms: 2500 });
      expect(answer.headers.get('retry-after')).toBe('3');
    }
  });

  it('tells how long to wait, and lets through who waited', async () => {
    const clock = new VirtualClock();
    const { register } = await startHomeserver({ clock, rateLimit: { perSecond: 0.5, burstCount: 2 } });
    const alice = await register('alice');
    const room = (await alice.request('POST /createRoom', {})).text('/room_id');
    const send = (txn: string) => alice.request(`PUT /rooms/${room}/send/m.room.message/${txn}`, { body: 'x' });
    expect((await send('1')).status).toBe(200);
    expect((await send('2')).at('/retry_after_ms')).toBe(2000);
    clock.advance(1000);
    expect((await send('2')).at('/retry_after_ms')).toBe(1000);
    clock.advance(1000);
    expect((await send('2')).status).toBe(200);
    expect((await send('3')).status).toBe(429);
    expect((await send('2')).status).toBe(200);
  });

  it('is one for each user, and counts state', async () => {
    const { register } = await startHomeserver({
      clock: new VirtualClock(),
      rateLimit: { perSecond: 1, burstCount: 2 },
    });
    const alice = await register('alice');
    const bob = await register('bob');
    const room = (await alice.request('POST /createRoom', {})).text('/room_id');
    expect((await alice.request(`PUT /rooms/${room}/state/m.room.name`, { name: 'Tea' })).status).toBe(200);
    expect((await alice.request(`PUT /rooms/${room}/state/m.room.topic`, { topic: 'Tea' })).status).toBe(429);
    expect((await bob.request('POST /createRoom', {})).status).toBe(200);
  });
});
