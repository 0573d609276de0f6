import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeValue, encodeValue } from '@lb-matrix/lb-cbor-keys';
import { createLowBandwidthServer, type ExchangeRecord } from '@lb-matrix/lb-server';
import { send, sendJson, startHttpServer } from '@lb-matrix/scripted-http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHomeserverPool } from '../src/homeserver-pool.ts';
import { parseHomeserver } from '../src/homeserver-url.ts';
import { listenHttp } from '../src/http-listener.ts';

const MAX = 64 * 1024;

/** The TCP side of a proxy in front of a homeserver. */
async function startListener(local: string, options: { forwardClientAddress?: boolean } = {}) {
  const records: ExchangeRecord[] = [];
  const onExchange = (record: ExchangeRecord) => records.push(record);
  const pool = createHomeserverPool(parseHomeserver(local), 1024 * 1024);
  const platform = {
    now: () => performance.now(),
    setTimer(ms: number, fn: () => void) {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
    randomBytes,
  };
  const { handleHttp, loopGuard } = createLowBandwidthServer({
    upstream: pool.upstream,
    platform,
    dtlsPort: 8448,
    onExchange,
  });
  const listener = await listenHttp({
    bind: { host: '127.0.0.1', port: 0 },
    certificate: undefined,
    handler: handleHttp,
    maxRequestBytes: MAX,
    pool,
    loopGuard,
    forwardClientAddress: options.forwardClientAddress ?? false,
    onExchange,
    keyLog: undefined,
  });
  onTestFinished(async () => {
    await listener.close(0);
    await pool.close();
  });
  return { url: `http://127.0.0.1:${listener.address.port}`, records, listener };
}

/** What a homeserver was asked, as JSON. */
function echo(incoming: IncomingMessage, response: ServerResponse): void {
  void buffer(incoming).then((body) =>
    sendJson(response, 200, {
      url: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
      body: body.toString(),
    }),
  );
}

describe('the TCP side', () => {
  it('forwards a request as it is, but for what belongs to the connection', async () => {
    const { url, records } = await startListener(await startHttpServer(echo));
    const answer = await send(
      url,
      'PUT',
      '/_matrix/client/v3/rooms/!r%2F1:x/send/m.room.message/1?access_token=secret',
      {
        headers: {
          authorization: 'Bearer t',
          'content-type': 'application/json; charset=utf-8',
          connection: 'x-hop',
          'x-hop': '1',
          host: 'other.example',
          'x-forwarded-for': '10.0.0.1',
          'x-real-ip': '10.0.0.1',
          forwarded: 'for=10.0.0.1',
        },
        body: '{"body":"é"}',
      },
    );
    expect(answer.status).toBe(200);
    const seen = JSON.parse(answer.body.toString());
    expect(seen).toMatchObject({
      method: 'PUT',
      url: '/_matrix/client/v3/rooms/!r%2F1:x/send/m.room.message/1?access_token=secret',
      body: '{"body":"é"}',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json; charset=utf-8', 'content-length': '13' },
    });
    expect(seen.headers.host).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const name of ['x-hop', 'x-forwarded-for', 'x-real-ip', 'forwarded'])
      expect(seen.headers).not.toHaveProperty(name);
    expect(records).toMatchObject([
      {
        transport: 'http',
        method: 'PUT',
        path: '/_matrix/client/v3/rooms/!r%2F1:x/send/m.room.message/1',
        status: 200,
        responseBytes: answer.body.length,
        peer: { address: '127.0.0.1' },
        error: undefined,
      },
    ]);
    expect(JSON.stringify(records)).not.toContain('secret');
  });

  it('tells the homeserver the client’s own address where told so', async () => {
    const { url } = await startListener(await startHttpServer(echo), { forwardClientAddress: true });
    const { body } = await send(url, 'GET', '/_matrix/client/v3/sync', { headers: { 'x-forwarded-for': '10.0.0.1' } });
    expect(JSON.parse(body.toString()).headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  it('keeps what a homeserver’s URL has before /_matrix/', async () => {
    const { url } = await startListener(`${await startHttpServer(echo)}/hs/`);
    const { body } = await send(url, 'GET', '/_matrix/client/v3/sync?timeout=0');
    expect(JSON.parse(body.toString()).url).toBe('/hs/_matrix/client/v3/sync?timeout=0');
  });

  it.each([
    '/',
    '/_synapse/admin/v1/users',
    '/_matrix',
    '/_matrixx/',
    '/_matrix/../_synapse/admin',
    '/_matrix/%2e%2e/_synapse/admin',
    '/_matrix/a%2F..%2F..%2F_synapse',
    '/.well-known/acme-challenge/x',
    '/.well-known/matrix/../../x',
    'http://other.example/_matrix/client/versions',
  ])('is no way to %s', async (path) => {
    let asked = 0;
    const homeserver = await startHttpServer((_, response) => {
      asked += 1;
      response.end();
    });
    const { url } = await startListener(homeserver);
    const answer = await send(url, 'GET', path);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body.toString())).toEqual({ errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' });
    expect(asked).toBe(0);
  });

  it('R5, R6, R25: speaks CBOR, and completes /versions', async () => {
    const homeserver = await startHttpServer((incoming, response) => {
      if (incoming.method === 'GET') return sendJson(response, 200, { versions: ['v1.15'] });
      void buffer(incoming).then((body) => sendJson(response, 200, { room_id: JSON.parse(body.toString()).name }));
    });
    const { url } = await startListener(homeserver);
    const versions = await send(url, 'GET', '/_matrix/client/versions');
    expect(versions.headers['content-length']).toBe(String(versions.body.length));
    expect(JSON.parse(versions.body.toString())).toMatchObject({
      versions: ['v1.15'],
      'm.low_bandwidth': { dtls: 8448 },
    });
    const created = await send(url, 'POST', '/_matrix/client/v3/createRoom', {
      headers: { 'content-type': 'application/cbor', 'accept-encoding': 'gzip' },
      body: encodeValue({ name: '!r:x' }),
    });
    expect(created.headers['content-type']).toBe('application/cbor');
    expect(decodeValue(created.body)).toEqual({ room_id: '!r:x' });
  });

  it('answers 413 to a body in CBOR above the limit, without reading on', async () => {
    const { url } = await startListener(await startHttpServer(echo));
    const answer = await send(url, 'POST', '/_matrix/client/v3/createRoom', {
      headers: { 'content-type': 'application/cbor' },
      body: new Uint8Array(MAX + 1),
    });
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe('close');
    expect(JSON.parse(answer.body.toString())).toEqual({ errcode: 'M_TOO_LARGE', error: 'Body too large' });
  });

  it('answers 502 as a Matrix error when the homeserver is down, and logs why', async () => {
    const { url, records } = await startListener('http://127.0.0.1:1');
    for (const headers of [{}, { accept: 'application/cbor' }]) {
      const answer = await send(url, 'GET', '/_matrix/client/v3/sync', { headers });
      expect(answer.status).toBe(502);
      const body = 'accept' in headers ? decodeValue(answer.body) : JSON.parse(answer.body.toString());
      expect(body).toEqual({ errcode: 'M_UNKNOWN', error: 'The homeserver cannot be reached' });
      expect(answer.headers['access-control-allow-origin']).toBe('*');
    }
    for (const { error } of records) expect(String(error)).toContain('ECONNREFUSED 127.0.0.1:1');
  });
});

describe('media', () => {
  it('is streamed both ways, byte for byte', async () => {
    const media = randomBytes(20 * 1024 * 1024);
    const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const homeserver = await startHttpServer((incoming, response) => {
      if (incoming.method === 'GET') return void response.writeHead(200, { 'content-type': 'image/png' }).end(media);
      void buffer(incoming).then((body) => sendJson(response, 200, { hash: hash(body) }));
    });
    const { url, records } = await startListener(homeserver);
    const uploaded = await send(url, 'POST', '/_matrix/media/v3/upload', {
      headers: { 'content-type': 'image/png' },
      body: media,
    });
    expect(JSON.parse(uploaded.body.toString())).toEqual({ hash: hash(media) });
    const downloaded = await send(url, 'GET', '/_matrix/client/v1/media/download/x/y');
    expect(downloaded.headers['content-type']).toBe('image/png');
    expect(hash(downloaded.body)).toBe(hash(media));
    expect(records[1]!.responseBytes).toBe(media.length);
  });

  it('of unknown length is streamed as well', async () => {
    const homeserver = await startHttpServer((incoming, response) => void incoming.pipe(response));
    const { url } = await startListener(homeserver);
    const outgoing = request(url, { method: 'POST', path: '/_matrix/media/v3/upload', agent: false });
    outgoing.write('first, ');
    // The answer begins before the upload has ended.
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    outgoing.end('second');
    expect((await buffer(response!)).toString()).toBe('first, second');
  });

  it('comes no faster than the client takes it', async () => {
    let written = 0;
    const homeserver = await startHttpServer((_, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const more = (): void => {
        do written += chunk.length;
        while (response.write(chunk) && written < 200 * 1024 * 1024);
      };
      response.on('drain', more);
      more();
    });
    const { url } = await startListener(homeserver);
    const outgoing = request(url, { path: '/_matrix/client/v1/media/download/x/y', agent: false });
    outgoing.end();
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    response!.pause();
    let before = -1;
    while (before !== written) {
      before = written;
      await delay(100);
    }
    // What fills the buffers of two loopback connections, and nothing like all of it.
    expect(written).toBeLessThan(50 * 1024 * 1024);
    response!.destroy();
  });

  it('is not asked for any more when the client goes', async () => {
    let left: (value: unknown) => void = () => undefined;
    const gone = new Promise((resolve) => {
      left = resolve;
    });
    const homeserver = await startHttpServer((_, response) => {
      response.on('close', left);
      response.write('begin');
    });
    const { url, records } = await startListener(homeserver);
    const outgoing = request(url, { path: '/_matrix/client/v1/media/download/x/y', agent: false });
    outgoing.end();
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    response!.destroy();
    await gone;
    await expect.poll(() => records.map(({ status }) => status)).toEqual([499]);
  });

  it('that breaks off is cut off, not ended', async () => {
    const homeserver = await startHttpServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('begin', () => response.destroy());
    });
    const { url } = await startListener(homeserver);
    await expect(send(url, 'GET', '/_matrix/client/v1/media/download/x/y')).rejects.toThrow('aborted');
  });
});

describe('the end', () => {
  it('lets requests finish within the bound, and takes no new ones', async () => {
    let finish: (() => void) | undefined;
    const homeserver = await startHttpServer((_, response) => {
      finish = () => sendJson(response, 200, { done: true });
    });
    const { url, listener } = await startListener(homeserver);
    const answer = send(url, 'GET', '/_matrix/client/v3/account/whoami');
    await expect.poll(() => finish).toBeDefined();
    const closed = listener.close(5000);
    await expect(send(url, 'GET', '/_matrix/client/v3/account/whoami')).rejects.toThrow('ECONNREFUSED');
    finish!();
    expect(JSON.parse((await answer).body.toString())).toEqual({ done: true });
    await closed;
  });

  it('cuts what takes longer', async () => {
    let asked = false;
    const homeserver = await startHttpServer(() => {
      asked = true;
    });
    const { url, listener } = await startListener(homeserver);
    const answer = send(url, 'GET', '/_matrix/client/v3/account/whoami');
    const failed = expect(answer).rejects.toThrow('socket hang up');
    await expect.poll(() => asked).toBe(true);
    await listener.close(50);
    await failed;
  });
});
