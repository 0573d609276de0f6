import type { RequestListener } from 'node:http';
import { startHttpServer } from '@lb-matrix/scripted-http';
import { Pool } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requestWhole } from '../src/whole-response.ts';

/** Asks a server that answers so. */
async function ask(listener: RequestListener, { maxBytes = 1000, signal = new AbortController().signal } = {}) {
  const origin = await startHttpServer(listener);
  const pool = new Pool(origin);
  onTestFinished(() => pool.destroy());
  const answer = requestWhole(pool, { method: 'GET', path: '/' }, { origin, maxBytes, signal });
  return { origin, answer };
}

describe('an answer taken whole', () => {
  test('is put together from its parts', async () => {
    const { answer } = await ask(async (_, response) => {
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'] });
      for (const part of ['one ', 'two ', 'three']) {
        await new Promise((done) => response.write(part, done));
        await new Promise((done) => setImmediate(done));
      }
      response.end();
    });
    const { status, headers, body } = await answer;
    expect(status).toBe(201);
    expect(headers.filter(([name]) => name === 'set-cookie').map(([, value]) => value)).toEqual(['a=1', 'b=2']);
    expect(new TextDecoder().decode(body)).toBe('one two three');
  });

  test('may be empty', async () => {
    const { answer } = await ask((_, response) => void response.writeHead(204).end());
    expect(await answer).toMatchObject({ status: 204, body: new Uint8Array() });
  });

  test('is not the information before it', async () => {
    const { answer } = await ask((_, response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload', 'x-early': 'yes' });
      response.end('late');
    });
    const { status, headers } = await answer;
    expect(status).toBe(200);
    expect(headers.map(([name]) => name)).not.toContain('x-early');
  });

  test('is refused when it is compressed', async () => {
    const { origin, answer } = await ask((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not read');
    });
    await expect(answer).rejects.toMatchObject({
      name: 'HomeserverError',
      message: `${origin} compresses (gzip) though it was asked not to`,
    });
  });

  test('is refused as soon as it is too long', async () => {
    const { origin, answer } = await ask((_, response) => void response.write('x'.repeat(1001)));
    await expect(answer).rejects.toThrow(`${origin} answers with over 1000 bytes`);
  });

  test('of the greatest length is not', async () => {
    const { answer } = await ask((_, response) => void response.end('x'.repeat(1000)));
    expect((await answer).body).toHaveLength(1000);
  });

  test('is given up when nobody waits any more, before it comes', async () => {
    const abort = new AbortController();
    let left: () => void;
    const clientLeft = new Promise<void>((resolve) => {
      left = resolve;
    });
    const { answer } = await ask(
      (request) => {
        request.on('close', left);
        abort.abort(new Error('enough'));
      },
      { signal: abort.signal },
    );
    await expect(answer).rejects.toThrow('enough');
    await clientLeft;
  });

  test('is not even asked for when nobody waits by then', async () => {
    let asked = 0;
    const { answer } = await ask(() => asked++, { signal: AbortSignal.abort(new Error('gone')) });
    await expect(answer).rejects.toThrow('gone');
    expect(asked).toBe(0);
  });

  test('that breaks off is an error that says so', async () => {
    const { origin, answer } = await ask((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('half', () => response.destroy());
    });
    await expect(answer).rejects.toMatchObject({ name: 'HomeserverError', timedOut: false });
    await expect(answer).rejects.toThrow(`${origin}: `);
  });
});
