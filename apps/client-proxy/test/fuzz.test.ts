import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { send } from '@lb-matrix/scripted-http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startTestProxy } from './support/world.ts';

describe('whatever comes in on the port', () => {
  it('is answered or cut off, never forwarded to where it must not go, and the proxy lives on', {
    timeout: 60_000,
  }, async () => {
    const { url, lines } = await startTestProxy(['-homeserver', 'http://127.0.0.1:9', '--server', '127.0.0.1:9', '-k']);
    const { host, port, hostname } = new URL(url);
    const word = fc.oneof(
      fc.constantFrom(
        '_matrix',
        'client',
        'v3',
        'sync',
        '..',
        '.',
        '%2e%2e',
        '_lb',
        'status.json',
        'media',
        '.well-known',
        'matrix',
        '',
      ),
      fc.stringMatching(/^[!-~]{0,12}$/),
    );
    const request = fc.record({
      method: fc.constantFrom(
        'GET',
        'POST',
        'PUT',
        'DELETE',
        'OPTIONS',
        'HEAD',
        'PATCH',
        'TRACE',
        'CONNECT',
        'NONSENSE',
      ),
      path: fc.array(word, { maxLength: 6 }).map((words) => `/${words.join('/')}`),
      query: fc.option(fc.stringMatching(/^[!-~]{0,30}$/), { nil: undefined }),
      hostHeader: fc.constantFrom(host, 'localhost', 'evil.example', ''),
      headers: fc.array(
        fc.constantFrom(
          'Authorization: Bearer x',
          'Authorization: Basic x',
          'Content-Type: application/json',
          'Content-Length: 2',
          'Transfer-Encoding: chunked',
          'Connection: upgrade, close',
          'Upgrade: websocket',
          'Sec-Fetch-Site: cross-site',
          'Expect: 100-continue',
          'Origin: null',
        ),
        { maxLength: 4 },
      ),
      body: fc.constantFrom('', '{}', '2\r\n{}\r\n0\r\n\r\n', '\0\xff'),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, hostHeader, headers, body }) => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => undefined);
        const target = query === undefined ? path : `${path}?${query}`;
        const head = [`${method} ${target} HTTP/1.1`, `Host: ${hostHeader}`, ...headers, 'Connection: close'];
        socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
        const answer = await text(socket).catch(() => '');
        if (!socket.closed) await once(socket, 'close');
        const status = Number(/^HTTP\/1\.1 (?:100 Continue\r\n\r\nHTTP\/1\.1 )?(\d{3})/.exec(answer)?.[1] ?? 0);
        expect([0, 200, 204, 308, 400, 403, 404, 405, 411, 413, 417, 421, 501, 502]).toContain(status);
        if (hostHeader === 'evil.example') expect([0, 400, 417, 421]).toContain(status);
        // Nothing is behind this proxy: only a request that it would forward can come to 502.
        if (status === 502) expect(path).toMatch(/^\/(_matrix|\.well-known\/matrix)\//);
        if (status === 200) expect(path).toMatch(/^\/_lb\//);
      }),
      { seed: 3079, numRuns: 400 },
    );
    expect(lines.filter((line) => line.startsWith('ERRO'))).toEqual([]);
    expect((await send(url, 'GET', '/_lb/status.json')).status).toBe(200);
  });
});
