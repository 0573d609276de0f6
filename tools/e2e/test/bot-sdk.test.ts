import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import { nodeModulesWith } from '@lb-matrix/interop/install';
import type { LowBandwidthFetch } from '@lb-matrix/lb-client';
import { botSdkRequest } from '@lb-matrix/lb-client/bot-sdk';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLbProxy } from '../src/lb-proxy.ts';

/** The part of matrix-bot-sdk that all its requests go through. */
interface BotSdk {
  setRequestFn(request: ReturnType<typeof botSdkRequest>): void;
  doHttpRequest(
    baseUrl: string,
    method: string,
    endpoint: string,
    query?: unknown,
    body?: unknown,
    headers?: Record<string, string>,
    timeout?: number,
  ): Promise<Record<string, string>>;
}

function loadBotSdk(): BotSdk {
  const manifest = fileURLToPath(new URL('../peers/matrix-bot-sdk/package.json', import.meta.url));
  const require = createRequire(`${nodeModulesWith('matrix-bot-sdk', manifest)}/package.json`);
  return { ...require('matrix-bot-sdk/lib/request'), ...require('matrix-bot-sdk/lib/http') };
}

describe('matrix-bot-sdk', () => {
  const closing: (() => Promise<unknown>)[] = [];
  const fallbacks: string[] = [];
  let homeserver: string;
  let fetch: LowBandwidthFetch;
  let sdk: BotSdk;

  beforeAll(async () => {
    const demo = await startDemoHomeserver({ log: () => {} });
    closing.push(() => demo.close());
    homeserver = demo.url;
    const { port, certificate, close } = await startLbProxy(demo.url);
    closing.push(close);
    fetch = createLowBandwidthFetch({
      server: { host: '127.0.0.1', port },
      roots: [certificate],
      onFallback: ({ url, reason }) => fallbacks.push(`${url}: ${reason}`),
    });
    closing.push(() => fetch.close());
    sdk = loadBotSdk();
    sdk.setRequestFn(botSdkRequest(fetch));
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  it('registers, sends, syncs and is told of errors over low bandwidth', async () => {
    const ask = async (method: string, endpoint: string, body?: unknown, token?: string, query?: unknown) => {
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      return sdk.doHttpRequest(homeserver, method, `/_matrix/client/v3${endpoint}`, query, body, headers);
    };
    const registration = { username: 'bot', password: 'correct horse', auth: { type: 'm.login.dummy' } };
    const { access_token: token } = await ask('POST', '/register', registration);
    const { room_id: room } = await ask('POST', '/createRoom', { name: 'bots' }, token);
    const send = `/rooms/${encodeURIComponent(room!)}/send/m.room.message`;
    const { event_id: event } = await ask('PUT', `${send}/1`, { msgtype: 'm.text', body: 'beep' }, token);
    const sync = await ask('GET', '/sync', undefined, token, { full_state: false, timeout: 1000 });
    expect(JSON.stringify(sync)).toContain(event);

    const limited = ask('PUT', `${send}/rate-limit-2500`, { msgtype: 'm.text', body: 'too fast' }, token);
    await expect(limited).rejects.toMatchObject({ statusCode: 429, errcode: 'M_LIMIT_EXCEEDED', retryAfterMs: 2500 });

    expect(fallbacks).toEqual([]);
    expect(fetch.stats()).toMatchObject({ requests: 5, pushes: 1 });
  });
});
