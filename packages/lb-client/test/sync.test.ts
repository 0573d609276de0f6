import { decodeMessage, OptionNumber, Type, uintValue } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { Sdk } from './support/sdk.ts';
import { world } from './support/world.ts';

/** A world whose server is known to observe, with an app in sync. */
async function syncing(options: Parameters<typeof world>[0] = {}) {
  const there = world(options);
  await there.time.until(there.ask('v3/account/whoami'));
  const sdk = new Sdk(there.fetch, there.time);
  await there.time.advance(5000);
  return { ...there, sdk };
}

describe('/sync', () => {
  it('R16, R17: is pushed: an event arrives one way after it happened, and nothing is polled over the air', async () => {
    const { time, homeserver, network, sdk, fetch, fallbacks } = await syncing();
    network.sightings.length = 0;
    const id = homeserver.happen();
    await time.advance(network.latency + 1);
    expect(sdk.store.received).toContain(id);
    await time.advance(1000);
    const seen = network.sightings.map(({ from, bytes }) => {
      const message = decodeMessage(bytes);
      return `${from} ${'message' in message ? message.message.type : '?'}`;
    });
    expect(seen).toEqual([`server ${Type.CON}`, `client ${Type.ACK}`]);
    expect(fetch.stats().pushes).toBe(2);
    expect(fallbacks).toEqual([]);
  });

  it('delivers each event once, in order, bursts included', async () => {
    const { time, homeserver, sdk } = await syncing();
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      ids.push(homeserver.happen(i % 3 === 0 ? 'to_device' : 'room'));
      await time.advance(i * 7);
    }
    await time.advance(5000);
    expect([...sdk.store.received].sort()).toEqual([...ids].sort());
    expect(homeserver.undelivered).toEqual([]);
  });

  it('answers an SDK whose time is up with its own position and the counts last seen, without a datagram', async () => {
    const { time, ask, sync, homeserver, network } = world();
    await time.until(ask('v3/account/whoami'));
    const first = await sync('');
    homeserver.happen();
    const call = () => ask(`v3/sync?timeout=30000&since=${second.next_batch}`);
    const second = await sync(`&since=${first.next_batch}`);
    const acknowledged = call();
    await time.advance(100);
    network.sightings.length = 0;
    const started = time.now();
    expect(await (await time.until(acknowledged)).json()).toEqual({
      next_batch: second.next_batch,
      device_one_time_keys_count: { signed_curve25519: 50 },
    });
    expect(time.now() - started).toBe(29_900);
    // One keep-alive, since nothing was sent for 25 s.
    expect(network.sightings.map(({ from, bytes }) => [from, bytes.length])).toEqual([
      ['client', 4],
      ['server', 4],
    ]);
  });

  it('acknowledges a push only when the SDK asks on from it', async () => {
    const { time, ask, sync, homeserver, network } = world();
    await time.until(ask('v3/account/whoami'));
    const first = await sync('');
    homeserver.happen('to_device');
    const second = await sync(`&since=${first.next_batch}`);
    await time.advance(500);
    const acknowledgements = () =>
      network.sightings.filter(({ from, bytes }) => {
        const decoded = decodeMessage(bytes);
        return from === 'client' && 'message' in decoded && decoded.message.type === Type.ACK;
      }).length;
    const before = acknowledgements();
    expect(homeserver.undelivered).toHaveLength(1);
    const asksOn = ask(`v3/sync?timeout=30000&since=${second.next_batch}`);
    await time.advance(500);
    expect(acknowledgements()).toBe(before + 1);
    expect(homeserver.undelivered).toEqual([]);
    await time.until(asksOn);
  });

  it('gives an SDK that asks the same again the same again', async () => {
    const { time, ask, sync, homeserver } = world();
    await time.until(ask('v3/account/whoami'));
    const first = await sync('');
    homeserver.happen('to_device');
    const second = await sync(`&since=${first.next_batch}`);
    const asked = homeserver.requests.length;
    expect(await sync(`&since=${first.next_batch}`)).toEqual(second);
    expect(homeserver.requests.length).toBe(asked);
  });

  it.each(['before it has the push', 'between the push and its next /sync'])(
    'loses no to-device message when the app is killed %s',
    async (when) => {
      const { time, ask, sync, homeserver, app } = world();
      await time.until(ask('v3/account/whoami'));
      const first = await sync('');
      const control = new AbortController();
      const call = ask(`v3/sync?timeout=30000&since=${first.next_batch}`, { signal: control.signal });
      await time.advance(1000);
      if (when.startsWith('before')) control.abort(new Error('killed'));
      const id = homeserver.happen('to_device');
      const outcome = await time.until(Promise.allSettled([call]));
      expect(outcome[0]?.status).toBe(when.startsWith('before') ? 'rejected' : 'fulfilled');
      await time.advance(5000);
      const next = app();
      await time.until(ask('v3/account/whoami', {}, next));
      const again = new Sdk(next, time, { since: first.next_batch, received: [] });
      await time.advance(1000);
      expect(again.store.received).toEqual([id]);
    },
  );

  it('holds a push that comes between a call that was given up and the next', async () => {
    const { time, ask, sync, homeserver, network } = world();
    await time.until(ask('v3/account/whoami'));
    const { next_batch } = await sync('');
    const control = new AbortController();
    const path = `v3/sync?timeout=30000&since=${next_batch}`;
    const given = Promise.allSettled([ask(path, { signal: control.signal })]);
    await time.advance(1000);
    control.abort();
    await given;
    homeserver.happen('to_device');
    await time.advance(500);
    network.sightings.length = 0;
    expect((await sync(`&since=${next_batch}`)).to_device?.events).toHaveLength(1);
    expect(network.sightings).toEqual([]);
    expect(homeserver.undelivered).toHaveLength(1);
  });

  it('registers anew for another filter, and for another position', async () => {
    const { time, ask, sync, homeserver, network } = world();
    await time.until(ask('v3/account/whoami'));
    homeserver.stir();
    const { next_batch } = await sync('');
    homeserver.happen();
    const filtered = await sync(`&filter=1&since=${next_batch}`);
    expect(filtered.rooms).toBeDefined();
    await time.advance(500);
    const known = new Set(network.sightings.map(({ bytes }) => String(bytes.subarray(2, 4))));
    network.sightings.length = 0;
    const before = await sync('&filter=1&since=s1');
    expect(before.rooms?.join['!room:example.org']?.timeline.events).toHaveLength(1);
    const waiting = ask(`v3/sync?timeout=30000&filter=1&since=${before.next_batch}`);
    await time.advance(1000);
    homeserver.happen();
    await time.until(waiting);
    await time.advance(1000);
    // Without what the server sends again, since nobody has acknowledged the answer that the SDK did not ask on from.
    const fresh = network.sightings.filter(({ bytes }) => !known.has(String(bytes.subarray(2, 4))));
    const observe = fresh.map(({ from, bytes }) => {
      const decoded = decodeMessage(bytes);
      return 'message' in decoded && decoded.message.code !== 0
        ? `${from} ${uintValue(decoded.message.options, OptionNumber.Observe)}`
        : 'empty';
    });
    // The old one ends and the new one begins; its answer, and one push.
    expect(observe.slice(0, 2)).toEqual(['client 1', 'client 0']);
    expect(observe.filter((what) => /^server [^u]/.test(what))).toHaveLength(2);
  });

  it('acknowledges what an SDK has that asks on from it with another filter', async () => {
    const { time, ask, sync, network } = world();
    await time.until(ask('v3/account/whoami'));
    const { next_batch } = await sync('&filter=0');
    const waiting = ask(`v3/sync?timeout=30000&filter=1&since=${next_batch}`);
    await time.advance(1000);
    network.sightings.length = 0;
    await time.until(waiting);
    // Nothing is sent again for want of an acknowledgement.
    expect(network.sightings.filter(({ bytes }) => bytes.length > 4)).toEqual([]);
  });

  it('asks plainly for a full state', async () => {
    const { time, ask, fetch } = world();
    await time.until(ask('v3/account/whoami'));
    expect((await time.until(ask('v3/sync?full_state=true&timeout=0'))).status).toBe(200);
    expect(fetch.stats().pushes).toBe(0);
  });

  it('long-polls where it is told not to observe', async () => {
    const { time, sdk, homeserver, fetch } = await syncing({ observe: false });
    const id = homeserver.happen();
    await time.advance(100);
    expect(sdk.store.received).toContain(id);
    expect(fetch.stats().pushes).toBe(0);
    expect(homeserver.requests.filter(({ target }) => target.includes('timeout=30000')).length).toBeGreaterThan(0);
  });

  it('hands a refused token to the SDK as it is', async () => {
    const { time, sdk, homeserver, fallbacks } = await syncing();
    homeserver.token = 'another';
    homeserver.stir();
    await time.advance(35_000);
    expect(sdk.troubles[0]).toBe('401');
    expect(fallbacks).toEqual([]);
  });

  it('ends a minute after the SDK has stopped calling, for a few bytes, and the homeserver is not polled any more', async () => {
    const { time, sdk, homeserver, network } = await syncing();
    sdk.kill();
    await time.advance(59_000);
    network.sightings.length = 0;
    await time.advance(2000);
    // GET with Observe 1, and an empty 2.05.
    expect(network.sightings.map(({ from, bytes }) => `${from} ${bytes.length}`)).toEqual(['client 19', 'server 6']);
    const asked = homeserver.requests.length;
    homeserver.happen('to_device');
    await time.advance(300_000);
    expect(network.sightings).toHaveLength(2);
    expect(homeserver.requests).toHaveLength(asked);
    expect(homeserver.undelivered).toHaveLength(1);
  });

  it('idle for ten minutes costs exactly the keep-alives, whether or not others are active', async () => {
    for (const busy of [false, true]) {
      const { time, network, homeserver, sdk } = await syncing();
      network.sightings.length = 0;
      const start = time.now();
      for (let second = 0; second < 600; second++) {
        if (busy) homeserver.stir();
        await time.advance(1000);
      }
      const client = network.sightings.filter(({ from }) => from === 'client');
      const server = network.sightings.filter(({ from }) => from === 'server');
      // 25 s after what was sent last, then after half as much again each time.
      expect(client.map(({ at }) => Math.round((at - start) / 1000))).toEqual([20, 58, 114, 198, 324, 514]);
      expect(client.every(({ bytes }) => bytes.length === 4)).toBe(true);
      expect(server.map(({ bytes }) => bytes.length)).toEqual(client.map(() => 4));
      expect(sdk.answers).toBeGreaterThan(15);
    }
  });

  it('is polled over an outage of the homeserver, which the SDK does not notice', async () => {
    const { time, sdk, homeserver } = await syncing();
    homeserver.outage = { status: 502, headers: [], body: new Uint8Array() };
    homeserver.stir();
    await time.advance(120_000);
    homeserver.outage = undefined;
    const id = homeserver.happen();
    await time.advance(70_000);
    expect(sdk.store.received).toContain(id);
    expect(sdk.troubles).toEqual([]);
  });

  it('starts over with what is stored', async () => {
    const { time, homeserver, sdk, app, ask } = await syncing();
    const ids = [homeserver.happen(), homeserver.happen('to_device')];
    await time.advance(1000);
    sdk.kill();
    const next = app();
    await time.until(ask('v3/account/whoami', {}, next));
    const again = new Sdk(next, time, sdk.store);
    ids.push(homeserver.happen());
    await time.advance(1000);
    expect(again.store.received).toEqual(ids);
  });
});
