import { describe, expect, it } from 'vitest';
import { type BotSdkRequest, type BotSdkResponse, botSdkRequest } from '../src/node/bot-sdk.ts';
import { ORIGIN, world } from './support/world.ts';

/** Calls the request function as `doHttpRequest` of matrix-bot-sdk 0.7 does. */
function bot(options: Parameters<typeof world>[0] = {}) {
  const there = world(options);
  const request = botSdkRequest(there.fetch);
  const ask = (method: string, endpoint: string, more: Partial<BotSdkRequest> = {}) =>
    there.time.until(
      new Promise<{ response: BotSdkResponse; body: unknown }>((resolve, reject) => {
        const params = {
          uri: ORIGIN + endpoint,
          method,
          qs: null,
          encoding: undefined,
          useQuerystring: true,
          qsStringifyOptions: { options: { arrayFormat: 'repeat' } },
          timeout: 60_000,
          headers: { Authorization: 'Bearer secret' },
          forever: true,
          ...more,
        };
        request(params, (error, response, body) => (error ? reject(error) : resolve({ response: response!, body })));
      }),
    );
  return { ...there, request: ask };
}

describe('matrix-bot-sdk', () => {
  it('gets status, headers and text', async () => {
    const { request, fallbacks } = bot();
    const { response, body } = await request('GET', '/_matrix/client/v3/account/whoami');
    expect(response).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' } });
    expect(body).toBe('{"user_id":"@alice:example.org"}');
    expect(response.body).toBe(body);
    expect(fallbacks).toEqual([]);
  });

  it('sends query and body', async () => {
    const { request, homeserver } = bot();
    await request('POST', '/_matrix/client/v3/join/x', {
      qs: { server_name: ['a.org', 'b.org'], via: 'ä b', nothing: undefined },
      headers: { Authorization: 'Bearer secret', 'Content-Type': 'application/json' },
      body: '{"reason":"why not"}',
    });
    const { target, body } = homeserver.requests[0]!;
    expect(target).toBe('/_matrix/client/v3/join/x?server_name=a.org&server_name=b.org&via=%C3%A4%20b');
    expect(new TextDecoder().decode(body)).toBe('{"reason":"why not"}');
  });

  it('syncs, pushed', async () => {
    const { request, fetch, time, ask } = bot();
    await time.until(ask('v3/account/whoami'));
    const { body } = await request('GET', '/_matrix/client/v3/sync', { qs: { timeout: 10_000, full_state: false } });
    expect(JSON.parse(String(body))).toMatchObject({ next_batch: 's1' });
    expect(fetch.stats().pushes).toBe(1);
  });

  it('gets bytes where it wants a Buffer, and sends them', async () => {
    const bytes = Uint8Array.of(0, 255, 128);
    const sent: Uint8Array[] = [];
    const { request } = bot({
      fetch: async (input, init) => {
        sent.push(new Uint8Array(await new Request(input, init).arrayBuffer()));
        return new Response(bytes);
      },
    });
    const headers = { 'Content-Type': 'image/png' };
    const { body } = await request('POST', '/_matrix/media/v3/upload', { body: bytes, encoding: null, headers });
    expect(body).toEqual(Buffer.from(bytes));
    expect(sent).toEqual([bytes]);
  });

  it('hears of errors', async () => {
    const { request, fetch } = bot();
    await fetch.close();
    await expect(request('GET', '/_matrix/client/v3/account/whoami')).rejects.toMatchObject({ code: 'closed' });
  });
});
