import { fromFetch } from '@lb-matrix/lb-server';
import { describe, expect, it } from 'vitest';

const signal = new AbortController().signal;

describe('a fetch handler as upstream', () => {
  it('gets method, URL, headers and body, and its answer comes back whole', async () => {
    const upstream = fromFetch(async (request) => {
      const body = await request.text();
      return Response.json(
        { method: request.method, url: request.url, token: request.headers.get('authorization'), body },
        { status: 201, headers: { 'x-more': '1' } },
      );
    }, 'https://matrix.example');
    const response = await upstream({
      method: 'PUT',
      target: '/_matrix/client/v3/rooms/!r%2F1:x/send/m.room.message/1?a=%2B&flag',
      headers: [['authorization', 'Bearer t']],
      body: new TextEncoder().encode('{"a":1}').subarray(0),
      signal,
    });
    expect(response.status).toBe(201);
    expect(response.headers).toContainEqual(['x-more', '1']);
    expect(JSON.parse(new TextDecoder().decode(response.body))).toEqual({
      method: 'PUT',
      url: 'https://matrix.example/_matrix/client/v3/rooms/!r%2F1:x/send/m.room.message/1?a=%2B&flag',
      token: 'Bearer t',
      body: '{"a":1}',
    });
  });

  it('sends a view on a larger buffer as the view only', async () => {
    const upstream = fromFetch(async (request) => new Response(await request.arrayBuffer()));
    const body = new TextEncoder().encode('xx{}xx').subarray(2, 4);
    const response = await upstream({ method: 'POST', target: '/_matrix/client/v3/login', headers: [], body, signal });
    expect(new TextDecoder().decode(response.body)).toBe('{}');
  });

  it('is not asked for a path that a URL would fold', async () => {
    let asked = 0;
    const upstream = fromFetch(() => {
      asked += 1;
      return new Response();
    });
    for (const target of [
      '/_matrix/client/%2e%2e/%2E./_synapse/admin',
      '/_matrix/client/../x',
      '/_matrix/client\\..\\x',
    ]) {
      await expect(upstream({ method: 'GET', target, headers: [], signal })).rejects.toThrow('does not survive');
    }
    expect(asked).toBe(0);
  });

  it('does not pass on headers that describe a coding which fetch has undone', async () => {
    const upstream = fromFetch(
      () => new Response('{}', { headers: { 'content-encoding': 'gzip', 'content-length': '99' } }),
    );
    const response = await upstream({ method: 'GET', target: '/_matrix/client/versions', headers: [], signal });
    expect(response.headers.map(([name]) => name)).toEqual(['content-type']);
  });

  it('aborts the request with the signal', async () => {
    const abort = new AbortController();
    const upstream = fromFetch(
      (request) =>
        new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason))),
    );
    const pending = upstream({ method: 'GET', target: '/_matrix/client/versions', headers: [], signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });
});
