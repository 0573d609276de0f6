import { send } from '@lb-matrix/scripted-http';
import { describe, expect, it } from 'vitest';
import { createStatus, type StatusReport } from '../src/status/status.ts';
import { register } from './support/matrix.ts';
import { statusOf } from './support/status.ts';
import { startTestProxy, startWorld } from './support/world.ts';

const PARTS = ['/_lb/', '/_lb/status.js', '/_lb/status.css', '/_lb/status.json', '/_lb/nothing', '/_lb'];
const open = () => startTestProxy(['-homeserver', 'http://127.0.0.1:9', '--server', '127.0.0.1:9', '-k']);

describe('the status page', () => {
  it('is one page with a script and a style of its own, and loads nothing else', async () => {
    const { url } = await open();
    const { status, headers, body } = await send(url, 'GET', '/_lb/');
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const named = [...body.toString().matchAll(/(?:src|href)="([^"]*)"/g)].map(([, name]) => name!);
    expect(named.filter((name) => name !== 'data:,').toSorted()).toEqual(['status.css', 'status.js', 'status.json']);
    for (const name of ['status.css', 'status.js']) expect((await send(url, 'GET', `/_lb/${name}`)).status).toBe(200);
    expect((await send(url, 'GET', '/_lb')).headers.location).toBe('/_lb/');
    expect((await send(url, 'HEAD', '/_lb/')).body).toHaveLength(0);
  });

  it.each(PARTS)('keeps %s to itself', async (path) => {
    const { url } = await open();
    const { headers } = await send(url, 'GET', path, { headers: { origin: 'https://evil.example' } });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['content-security-policy']).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/);
    expect(headers).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    for (const site of ['cross-site', 'same-site', 'nonsense']) {
      const foreign = await send(url, 'GET', path, { headers: { 'sec-fetch-site': site } });
      expect([foreign.status, foreign.body.toString()]).toEqual([403, 'Not from another site\n']);
    }
    for (const site of ['same-origin', 'none']) {
      expect((await send(url, 'GET', path, { headers: { 'sec-fetch-site': site } })).status).not.toBe(403);
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('has nothing for %s', async (method) => {
    const { url } = await open();
    const { status, headers } = await send(url, method, '/_lb/status.json');
    expect([status, headers.allow, headers['access-control-allow-origin']]).toEqual([405, 'GET, HEAD', undefined]);
  });

  it('tells how it goes, and nothing of who or what', async () => {
    const { url, homeserver } = await startWorld();
    expect(await statusOf(url)).toMatchObject({ state: 'idle', sinceSync: null, requests: 0, bytesSaved: 0 });
    const { token, id, request } = await register(url, 'alice');
    const { json: room } = await request('POST', '/createRoom', { name: 'Secret place' });
    await request('GET', '/sync?timeout=0');
    const { body } = await send(url, 'GET', '/_lb/status.json');
    const status: StatusReport = JSON.parse(body.toString());
    expect(status).toMatchObject({ state: 'connected', homeserver, sinceSync: 0, fallbacks: 0, requests: 3 });
    expect(status.bytesSaved).toBe(status.httpBytes - status.bytesSent - status.bytesReceived);
    for (const secret of [token, id, 'alice', room.room_id!, 'Secret place'])
      expect(body.toString()).not.toContain(secret);
  });

  it('counts time in whole seconds', () => {
    let now = 1000;
    const stats = {
      datagramsSent: 1,
      bytesSent: 2,
      datagramsReceived: 3,
      bytesReceived: 4,
      requests: 5,
      pushes: 6,
      fallbacks: 7,
      httpBytes: 100,
    };
    const fetch = { connection: { state: 'connected', onState: () => () => {} }, stats: () => stats } as const;
    const status = createStatus({ fetch, homeserver: 'https://hs', now: () => now });
    expect(status.report()).toMatchObject({ uptime: 0, sinceSync: null, bytesSaved: 94, pushes: 6 });
    now += 1999;
    status.synced();
    now += 60_001;
    expect(status.report()).toMatchObject({ uptime: 62, sinceSync: 60 });
  });
});
