import 'fake-indexeddb/auto';
import { setTimeout as sleep } from 'node:timers/promises';
import { startLbProxy } from '@lb-matrix/e2e/lb-proxy';
import {
  type AppOptions,
  arrived,
  ENCRYPTION,
  lowBandwidth,
  meet,
  openApp,
  register,
  send,
  until,
} from '@lb-matrix/e2e/sdk';
import { startSynapse } from '@lb-matrix/e2e/synapse';
import { expect, onTestFinished, test } from 'vitest';
import { openBadLink } from '../src/bad-link.ts';

const PATIENCE_MS = 30_000;

/** An app's `fetch` with which it is killed by the first push that has a key for it: before it has done anything with it. */
function killedByKey(
  connected: typeof fetch,
  kill: () => void,
): { fetch: typeof fetch; armed: boolean; killed: boolean } {
  const never = new Promise<never>(() => {});
  const state = {
    armed: false,
    killed: false,
    async fetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
      if (state.killed) return never;
      const response = await connected(input, init);
      if (!state.armed || !String(input).includes('/sync')) return response;
      const body = (await response.clone().json()) as { to_device?: { events: { type: string }[] } };
      if (!body.to_device?.events.some(({ type }) => type === 'm.room.encrypted')) return response;
      state.killed = true;
      kill();
      return never;
    },
  };
  return state;
}

test('an app that is killed between a push and its next /sync loses no room key', { timeout: 180_000 }, async () => {
  const synapse = await startSynapse();
  const proxy = await startLbProxy(synapse.url);
  const link = await openBadLink({ to: proxy.port });
  const low = lowBandwidth({ ...proxy, portOf: (device) => (device === 'BOBPHONE' ? link.port : proxy.port) });
  onTestFinished(async () => {
    low.close();
    await proxy.close();
    await synapse.close();
  });
  const options = (user: string, device: string): AppOptions => {
    const common = { homeserver: synapse.url, sync: 'v2', password: 'not for us', patience: PATIENCE_MS } as const;
    return { ...common, user, device, fetch: low.connect(device) };
  };
  await register(options('alice', 'ALICELAPTOP'));
  await register(options('bob', 'BOBLAPTOP'));
  const alice = await openApp(options('alice', 'ALICELAPTOP'));
  const phone = killedByKey(low.connect('BOBPHONE'), () => link.close());
  const database = 'bob-phone';
  const bob = await openApp({ ...options('bob', 'BOBPHONE'), fetch: phone.fetch, database });
  const roomId = await meet(alice, bob, { name: 'Secret', topic: 'between us', initial_state: [ENCRYPTION] });

  phone.armed = true;
  const eventId = await send(alice, roomId, 'm.room.message', { msgtype: 'm.text', body: 'Did you get the key?' });
  await until('the push with the key', PATIENCE_MS, () => phone.killed);
  bob.client.stopClient();
  // A server that took the push for consumed would ask the homeserver for more, which would forget the key.
  await sleep(3_000);

  // The same device, once more, with the keys that it has kept.
  const again = await openApp({
    ...options('bob', 'BOBPHONE'),
    fetch: low.connect('the same phone, started again'),
    database,
  });
  const event = await arrived(again, roomId, eventId);
  expect(event.getContent().body).toBe('Did you get the key?');
  expect(event.isEncrypted()).toBe(true);
  alice.client.stopClient();
  again.client.stopClient();
  expect(low.fallbacks).toEqual([]);
});
