import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { send, sendJson, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectLowBandwidth } from './support/low-bandwidth.ts';
import { startTestProxy } from './support/proxy.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

async function demo(): Promise<string> {
  const homeserver = await startDemoHomeserver({ log: () => undefined });
  onTestFinished(() => homeserver.close());
  return homeserver.url;
}

/** Registers a user over low bandwidth; returns the port's connection with the token. */
async function registered(port: number, username: string) {
  const anonymous = await connectLowBandwidth(port);
  const credentials = { username, password: 'correct horse', auth: { type: 'm.login.dummy' } };
  const { status } = await anonymous.request('POST', '/_matrix/client/v3/register', credentials);
  expect(status).toBe(200);
  const { json } = await anonymous.request('POST', '/_matrix/client/v3/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: username },
    password: 'correct horse',
  });
  return { login: json, client: await connectLowBandwidth(port, { token: json.access_token }) };
}

describe('the proxy in front of a homeserver', () => {
  it('carries a session from registration to a message that comes back by /sync', async () => {
    const { port, lines } = await startTestProxy(await demo());
    const { login, client } = await registered(port, 'alice');
    expect(login.user_id).toBe('@alice:localhost');
    const { json: room } = await client.request('POST', '/_matrix/client/v3/createRoom', { name: 'Room' });
    const { json: first } = await client.request('GET', '/_matrix/client/v3/sync?timeout=0');

    const poll = client.request('GET', `/_matrix/client/v3/sync?timeout=30000&since=${first.next_batch}`);
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.room_id)}/send/m.room.message/txn-1`;
    const sent = await client.request('PUT', path, { msgtype: 'm.text', body: 'Hello World' });
    expect(sent.json.event_id).toMatch(/^\$/);
    const { json: news } = await poll;
    expect(news.rooms.join[room.room_id].timeline.events).toMatchObject([
      { event_id: sent.json.event_id, content: { body: 'Hello World' }, sender: '@alice:localhost' },
    ]);

    await expect.poll(() => lines.join('')).toContain(`/_matrix/client/v3/sync - 200`);
    expect(lines.join('')).toMatch(
      /INFO\[\d{4}] PUT \/_matrix\/client\/v3\/rooms\/.* - 200 {2}bytes=\d+ ms=\d+ via=coap peer=127/,
    );
    for (const secret of ['correct horse', login.access_token, 'Hello World', first.next_batch]) {
      expect(lines.join('')).not.toContain(secret);
    }
  });

  it('tells an observer of /sync of each message, and its log when it does so', async () => {
    const { port, lines } = await startTestProxy(await demo());
    const { client } = await registered(port, 'alice');
    const { json: room } = await client.request('POST', '/_matrix/client/v3/createRoom', { name: 'Room' });
    const { json: first } = await client.request('GET', '/_matrix/client/v3/sync?timeout=0');
    const pushes = client.observe(`/_matrix/client/v3/sync?since=${first.next_batch}`);
    await pushes.next();
    const bodies: string[] = [];
    for (const body of ['one', 'two', 'three']) {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.room_id)}/send/m.room.message/${body}`;
      await client.request('PUT', path, { msgtype: 'm.text', body });
      const { value: news } = await pushes.next();
      bodies.push(news.rooms.join[room.room_id].timeline.events[0].content.body);
    }
    expect(bodies).toEqual(['one', 'two', 'three']);
    await pushes.return?.();
    await expect.poll(() => lines.join('')).toContain('OBSERVE /_matrix/client/v3/sync - ended');
    const observed = lines.filter((line) => line.includes('OBSERVE')).map((line) => line.match(/- (\w+)/)?.[1]);
    expect(observed).toEqual(['registered', 'pushed', 'pushed', 'pushed', 'ended']);
    // Ids and pins in other lines are random, and may hold such a short token by chance.
    const ofSync = lines.filter((line) => line.includes('/sync'));
    expect(ofSync.length).toBeGreaterThan(0);
    expect(ofSync.join('')).not.toContain(first.next_batch);
  });

  it('answers 508 when it is its own homeserver', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const itself = `http://127.0.0.1:${port}`;
    await startTestProxy(itself, ['--dtls-bind-addr', `127.0.0.1:${port}`, '--advertise', itself]);
    for (const path of ['/_matrix/client/v3/login', '/_matrix/client/versions']) {
      expect((await fetch(itself + path)).status).toBe(508);
    }
    const client = await connectLowBandwidth(port);
    expect((await client.request('GET', '/_matrix/client/v3/login')).status).toBe(508);
  });

  it('says when to try again (retry_after_ms of a 429)', async () => {
    const { port } = await startTestProxy(await demo());
    const { login, client } = await registered(port, 'alice');
    const { json: room } = await client.request('POST', '/_matrix/client/v3/createRoom', {});
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room.room_id)}/send/m.room.message/rate-limit-2500`;
    const limited = { json: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 2500 } };
    const exact = await client.request('PUT', path, { msgtype: 'm.text', body: 'x' });
    // 4.29
    expect(exact).toMatchObject({ ...limited, coap: { code: 0x9d } });
    const existing = await connectLowBandwidth(port, { token: login.access_token, announce: false });
    const basic = await existing.request('PUT', path, { msgtype: 'm.text', body: 'x' });
    // 4.00
    expect(basic).toMatchObject({ ...limited, coap: { code: 0x80 } });
  });

  it('forgets the token of a connection when its user logs out', async () => {
    const { port } = await startTestProxy(await demo());
    const { client } = await registered(port, 'alice');
    expect(await client.request('POST', '/_matrix/client/v3/logout', {})).toMatchObject({ status: 200 });
    expect(await client.request('GET', '/_matrix/client/v3/account/whoami')).toMatchObject({
      status: 401,
      json: { errcode: 'M_UNKNOWN_TOKEN' },
    });
  });

  it('answers for a homeserver that is down, and serves again when it is back', async () => {
    const { port, lines } = await startTestProxy('http://127.0.0.1:1');
    const client = await connectLowBandwidth(port);
    expect(await client.request('GET', '/_matrix/client/versions')).toMatchObject({
      status: 502,
      json: { errcode: 'M_UNKNOWN', error: 'The homeserver cannot be reached' },
    });
    expect(lines.at(-1)).toMatch(
      /^WARN\[.*GET \/_matrix\/client\/versions - 502 .*error=".*ECONNREFUSED 127\.0\.0\.1:1"/,
    );
  });

  it('reaches a homeserver by its IPv4 and IPv6 name, and says so when both fail', async () => {
    const { port, lines } = await startTestProxy('http://localhost:1');
    const client = await connectLowBandwidth(port);
    expect(await client.request('GET', '/_matrix/client/versions')).toMatchObject({ status: 502 });
    expect(lines.at(-1)).toContain('ECONNREFUSED 127.0.0.1:1');
  });

  it('tells a homeserver near by the client’s address', async () => {
    let forwarded: unknown;
    const homeserver = await startHttpServer((incoming, response) => {
      forwarded = incoming.headers['x-forwarded-for'];
      sendJson(response, 200, {});
    });
    for (const [flags, expected] of [
      [[], '127.0.0.1'],
      [['--forwarded-for=false'], undefined],
    ] as const) {
      const { port } = await startTestProxy(homeserver, flags);
      await (await connectLowBandwidth(port)).request('GET', '/_matrix/client/v3/account/whoami');
      expect(forwarded).toBe(expected);
    }
  });

  it('carries 256 KiB both ways in packets of 296 bytes', async () => {
    const homeserver = await startHttpServer((incoming, response) => {
      void text(incoming).then((body) => sendJson(response, 200, JSON.parse(body)));
    });
    const { port } = await startTestProxy(homeserver, ['--mtu', '296']);
    const client = await connectLowBandwidth(port);
    const body = 'x'.repeat(256 * 1024);
    const { json } = await client.request('PUT', '/_matrix/client/v3/user/@a:x/account_data/large', { body });
    expect(json.body === body).toBe(true);
  }, 60_000);

  it('expands short paths to r0 for old homeservers', async () => {
    let path: unknown;
    const homeserver = await startHttpServer((incoming, response) => {
      path = incoming.url;
      sendJson(response, 200, {});
    });
    const { port } = await startTestProxy(homeserver, ['--enum-prefix', 'r0']);
    await (await connectLowBandwidth(port)).request('GET', '/_matrix/client/v3/sync');
    expect(path).toBe('/_matrix/client/r0/sync');
  });
});

describe('--advertise', () => {
  it('R22: serves HTTP on the TCP port of the same number, and names its URL to clients', async () => {
    const local = await demo();
    const advertise = 'http://lb.example:8008';
    const { port, lines } = await startTestProxy(local, ['--advertise', advertise]);
    const url = `http://127.0.0.1:${port}`;
    const { login } = await registered(port, 'alice');
    expect(login.well_known['m.homeserver'].base_url).toBe(advertise);

    const credentials = JSON.stringify({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'alice' },
      password: 'correct horse',
    });
    const overHttp = await send(url, 'POST', '/_matrix/client/v3/login', { body: credentials });
    expect(JSON.parse(overHttp.body.toString()).well_known['m.homeserver'].base_url).toBe(advertise);
    const versions = await send(url, 'GET', '/_matrix/client/versions');
    expect(JSON.parse(versions.body.toString())['m.low_bandwidth'].dtls).toBe(port);

    expect(lines.slice(0, 2)).toEqual([
      `INFO[0000] Listening on 127.0.0.1:${port}/tcp to reverse proxy from ${advertise} to ${local} - HTTPS enabled: false\n`,
      `INFO[0000] Listening for DTLS on 127.0.0.1:${port} - ACK piggyback period: 200ms\n`,
    ]);
  });

  it('with an https URL serves HTTPS with the same certificate, for the advertised name', async () => {
    const state = temporaryDirectory();
    const { port, lines } = await startTestProxy(await demo(), ['--advertise', 'https://lb.example:8008'], {
      XDG_STATE_HOME: state,
    });
    expect(lines[0]).toContain('HTTPS enabled: true');
    const ca = readFileSync(join(state, 'lb-proxy', 'cert.pem'));
    for (const servername of ['lb.example', 'localhost']) {
      const outgoing = request({
        host: '127.0.0.1',
        port,
        path: '/_matrix/client/versions',
        ca,
        servername,
        agent: false,
      });
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      expect(JSON.parse(await text(response))).toHaveProperty('versions');
    }
  });

  it('is needed for a TCP port', async () => {
    const { port } = await startTestProxy(await demo());
    await expect(send(`http://127.0.0.1:${port}`, 'GET', '/_matrix/client/versions')).rejects.toThrow('ECONNREFUSED');
  });

  it('does not leave the UDP port behind when the TCP one is taken', async () => {
    const local = await demo();
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const address = blocker.address() as { port: number };
    onTestFinished(() => void blocker.close());
    const flags = ['--dtls-bind-addr', `127.0.0.1:${address.port}`];
    await expect(startTestProxy(local, [...flags, '--advertise', 'http://127.0.0.1'])).rejects.toThrow(
      `cannot listen on 127.0.0.1:${address.port}/tcp: the port is taken`,
    );
    await startTestProxy(local, flags);
  });
});

describe('addresses', () => {
  it.each([
    [':0', '127.0.0.1'],
    [':0', '::1'],
    ['[::]:0', '127.0.0.1'],
    ['[::1]:0', '::1'],
    ['localhost:0', 'localhost'],
  ])('%s is reached at %s', async (bind, host) => {
    const { port } = await startTestProxy(await demo(), ['--dtls-bind-addr', bind]);
    const client = await connectLowBandwidth(port, { host });
    expect(await client.request('GET', '/_matrix/client/versions')).toMatchObject({ status: 200 });
  });

  it('of the client are told as IPv4 where they are', async () => {
    const { port, lines } = await startTestProxy(await demo(), ['--dtls-bind-addr', '[::]:0']);
    await (await connectLowBandwidth(port)).request('GET', '/_matrix/client/versions');
    await expect.poll(() => lines.at(-1)).toContain('peer=127.0.0.1:');
  });
});

describe('the end', () => {
  it('is told to every session (close_notify), requests being finished', async () => {
    let finish: (() => void) | undefined;
    const homeserver = await startHttpServer((_, response) => {
      finish = () => sendJson(response, 200, { done: true });
    });
    const { port, proxy } = await startTestProxy(homeserver);
    const client = await connectLowBandwidth(port);
    const answer = client.request('GET', '/_matrix/client/v3/account/whoami');
    await expect.poll(() => finish).toBeDefined();
    const closed = proxy.close(5000);
    finish!();
    expect(await answer).toMatchObject({ status: 200, json: { done: true } });
    await closed;
    await expect(client.request('GET', '/_matrix/client/versions')).rejects.toMatchObject({ code: 'closed' });
  });

  it('does not wait for long-polls', async () => {
    const { port, proxy } = await startTestProxy(await demo());
    const { client } = await registered(port, 'alice');
    await client.request('POST', '/_matrix/client/v3/createRoom', {});
    const { json } = await client.request('GET', '/_matrix/client/v3/sync?timeout=0');
    const poll = client.request('GET', `/_matrix/client/v3/sync?timeout=30000&since=${json.next_batch}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const started = performance.now();
    await proxy.close(5000);
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await poll).toMatchObject({ status: 503, json: { errcode: 'M_UNKNOWN' } });
  });
});

describe('SSLKEYLOGFILE', () => {
  it('gets the secrets of each session, readable for the owner only, and the log says so', async () => {
    const file = join(temporaryDirectory(), 'ssl.log');
    const { port, lines } = await startTestProxy(await demo(), [], { SSLKEYLOGFILE: file });
    expect(existsSync(file)).toBe(true);
    await (await connectLowBandwidth(port)).request('GET', '/_matrix/client/versions');
    // Those of DTLS 1.3, two of each side.
    expect(readFileSync(file, 'utf8')).toMatch(/^((CLIENT|SERVER)_[A-Z_]+SECRET(_0)? [0-9a-f]{64} [0-9a-f]{64}\n){4}$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(lines.join('')).toContain(`WARN[0000] Session secrets are written to ${file}`);
  });

  it('that cannot be written is an error', async () => {
    await expect(startTestProxy('http://127.0.0.1:1', [], { SSLKEYLOGFILE: temporaryDirectory() })).rejects.toThrow(
      /^SSLKEYLOGFILE: EISDIR/,
    );
  });
});
