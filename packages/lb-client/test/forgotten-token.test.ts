import { expect, it } from 'vitest';
import { json } from './support/homeserver.ts';
import { Network } from './support/network.ts';
import { ORIGIN, world } from './support/world.ts';

const UNKNOWN = json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'logged out' });

it('a token that ends while its /sync is observed is unknown, not missing', async () => {
  const { time, app } = world();
  let revoked = false;
  let told = 0;
  const { connect } = new Network(time, async ({ target, headers }) => {
    if (target.includes('devices')) await new Promise<void>((resolve) => time.setTimer(3000, resolve));
    if (!headers.some(([name]) => name === 'authorization')) {
      return json(401, { errcode: 'M_MISSING_TOKEN', error: 'missing' });
    }
    if (target.includes('timeout=30000')) await new Promise<void>((resolve) => time.setTimer(5000, resolve));
    if (!revoked) return json(200, { next_batch: 's1' });
    told++;
    return UNKNOWN;
  });
  const fetch = app({ connect });
  const ask = async (path: string) => {
    const headers = { authorization: 'Bearer secret' };
    return (await time.until(fetch(`${ORIGIN}/_matrix/client/v3${path}`, { headers }))).json();
  };
  await ask('/account/whoami');
  // Registered, and answered without news: the server goes on by itself, before the SDK asks again.
  expect(await ask('/sync?timeout=0')).toEqual({ next_batch: 's1' });
  revoked = true;
  await time.advance(20_000);
  expect(told).toBeGreaterThan(0);
  // The push with the error waits for the next /sync; meanwhile the app does something else.
  // What is answered when that error is known has been asked before.
  const slow = ask('/devices');
  for (let i = 0; i < 3; i++) expect(await ask('/account/whoami')).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
  expect(await slow).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
  expect(await ask('/sync?timeout=30000&since=s1')).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
});
