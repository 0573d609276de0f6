import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sdk } from './support/sdk.ts';
import { world } from './support/world.ts';

/** A world with an app in sync. */
async function syncing(options: Parameters<typeof world>[0] = {}) {
  const there = world(options);
  await there.time.until(there.ask('v3/account/whoami'));
  const sdk = new Sdk(there.fetch, there.time);
  await there.time.advance(5000);
  return { ...there, sdk };
}

describe('when the proxy is killed and started', () => {
  it('the next request notices it by the alert, and is answered on a new connection', async () => {
    const { time, ask, network, fallbacks } = world();
    await time.until(ask('v3/account/whoami'));
    await time.advance(10_000);
    network.restart();
    const started = time.now();
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    expect(time.now() - started).toBeLessThan(300);
    expect(network.handshakes).toBe(2);
    expect(fallbacks).toEqual([]);
  });

  it('the next keep-alive notices it, and events go on within ten seconds', async () => {
    const { time, homeserver, network, sdk, fallbacks } = await syncing();
    network.restart();
    const id = homeserver.happen('to_device');
    await time.advance(35_000);
    expect(sdk.store.received).toEqual([id]);
    expect(network.handshakes).toBe(2);
    expect(fallbacks).toEqual([]);
    const next = homeserver.happen();
    await time.advance(network.latency + 1);
    expect(sdk.store.received).toEqual([id, next]);
  });

  it('a proxy that ends in order is reconnected to at once', async () => {
    const { time, homeserver, network, sdk, fallbacks } = await syncing();
    await time.until(network.stop());
    await time.advance(2000);
    network.start();
    await time.advance(2000);
    const id = homeserver.happen();
    await time.advance(network.latency + 1);
    expect(sdk.store.received).toEqual([id]);
    expect(fallbacks).toEqual([]);
  });

  it('a silent end is noticed by two lost retransmissions', async () => {
    const { time, ask, network } = world();
    await time.until(ask('v3/account/whoami'));
    network.blocked = true;
    const call = ask('v3/account/whoami');
    await time.advance(4000);
    network.moveClient(); // the mapping is gone, and no alert comes back
    network.hintless = true;
    network.blocked = false;
    const started = time.now();
    expect((await time.until(call)).status).toBe(200);
    expect(time.now() - started).toBeLessThan(6000);
  });
});

describe('when the address of the client changes', () => {
  it('requests and events go on over a new connection', async () => {
    const { time, homeserver, network, sdk, ask, fallbacks } = await syncing();
    network.moveClient();
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    await time.advance(500);
    const id = homeserver.happen();
    await time.advance(network.latency + 1);
    expect(sdk.store.received).toEqual([id]);
    expect(fallbacks).toEqual([]);
  });
});

describe('a request whose connection breaks', () => {
  /** The request gets through, the answer does not. */
  async function broken(path: string, init: RequestInit) {
    const there = world();
    await there.time.until(there.ask('v3/account/whoami'));
    await there.time.advance(6000);
    there.homeserver.slowness = 1000;
    const call = there.ask(path, init);
    const outcome = Promise.allSettled([call]);
    await there.time.advance(500);
    there.network.restart();
    const [result] = await there.time.until(outcome);
    return { ...there, result: result! };
  }

  it('is repeated when it is a PUT with a transaction id, and the homeserver does it once', async () => {
    const { result, homeserver, fallbacks } = await broken('v3/rooms/!r:x/send/m.room.message/txn1', {
      method: 'PUT',
      body: '{"body":"hi"}',
    });
    expect(result).toMatchObject({ status: 'fulfilled', value: { status: 200 } });
    expect(homeserver.requests.filter(({ method }) => method === 'PUT')).toHaveLength(2);
    expect(homeserver.sent.size).toBe(1);
    expect(fallbacks).toEqual([]);
  });

  it('is not repeated when it is a POST: its fate is unknown', async () => {
    const { result, homeserver, fallbacks } = await broken('v3/createRoom', { method: 'POST', body: '{}' });
    expect(result).toMatchObject({ status: 'rejected', reason: { name: 'FateUnknownError', code: 'fate_unknown' } });
    expect((result as PromiseRejectedResult).reason).toBeInstanceOf(TypeError);
    expect(homeserver.posts).toHaveLength(1);
    expect(fallbacks).toEqual([]);
  });
});

describe('a POST whose fate is unknown', () => {
  it('fails soon enough for the next one to get through before the address changes again', async () => {
    const { time, ask, network, homeserver, fallbacks } = world();
    network.latency = 100;
    await time.until(ask('v3/account/whoami'));
    for (let at = 10_000; at < 200_000; at += 10_000) time.setTimer(at, () => network.moveClient());
    await time.advance(12_000);
    const post = () => ask('v3/createRoom', { method: 'POST', body: '{}' });
    await expect(time.until(post())).rejects.toMatchObject({ code: 'fate_unknown' });
    await time.advance(500);
    expect((await time.until(post())).status).toBe(200);
    expect(homeserver.posts).toHaveLength(1);
    expect(fallbacks).toEqual([]);
  });

  it('is answered on the old connection, which is still there, when a sign to the contrary was forged', async () => {
    const { time, ask, network, homeserver, fallbacks } = world();
    await time.until(ask('v3/account/whoami'));
    await time.advance(6_000);
    homeserver.slowness = 8_000;
    const call = ask('v3/createRoom', { method: 'POST', body: '{}' });
    await time.advance(500);
    network.forgeAlert();
    expect((await time.until(call)).status).toBe(200);
    expect(network.handshakes).toBe(2);
    expect(homeserver.posts).toHaveLength(1);
    expect(fallbacks).toEqual([]);
  });
});

describe('on a link with 10 % loss and 400 ms', () => {
  it.each([
    ['nothing else happens', 0, 0],
    ['the proxy is killed every 15 s', 15_000, 0],
    ['the address changes every 10 s', 0, 10_000],
  ])('while %s, all arrives once and nothing goes over HTTPS', async (_what, killEvery, moveEvery) => {
    const { time, homeserver, network, sdk, ask, fallbacks } = await syncing({ seed: 8 });
    network.loss = 0.1;
    network.latency = 200;
    const repeat = (every: number, what: () => void): void => {
      if (every > 0) for (let at = every; at < 300_000; at += every) time.setTimer(at, what);
    };
    const expected: string[] = [];
    const sends: Promise<Response>[] = [];
    repeat(killEvery, () => {
      network.kill();
      time.setTimer(1500, () => network.start());
    });
    repeat(moveEvery, () => network.moveClient());
    repeat(7000, () => void expected.push(homeserver.happen(expected.length % 2 === 0 ? 'room' : 'to_device')));
    repeat(11_000, () => {
      const path = `v3/rooms/!r:x/send/m.room.message/t${sends.length}`;
      sends.push(ask(path, { method: 'PUT', body: '{}' }));
    });
    await time.advance(400_000);
    const statuses = (await time.until(Promise.all(sends))).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expected.push(...homeserver.sent.values());
    expect(homeserver.sent.size).toBe(sends.length);
    expect([...sdk.store.received].sort()).toEqual(expected.sort());
    expect(sdk.troubles).toEqual([]);
    expect(fallbacks).toEqual([]);
    expect(network.handshakes).toBeGreaterThan(killEvery + moveEvery > 0 ? 15 : 0);
  });
});

const DISASTERS = [
  'event',
  'to_device',
  'send',
  'restart',
  'stop',
  'move',
  'outage',
  'block',
  'interrupt',
  'crash',
] as const;

describe('whatever happens to network, proxy and homeserver', () => {
  const disaster = fc.record({
    after: fc.integer({ min: 0, max: 20_000 }),
    what: fc.constantFrom(...DISASTERS),
  });

  it('each event arrives exactly once, and each message is sent exactly once', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(disaster, { minLength: 4, maxLength: 16 }), async (seed, disasters) => {
        const { time, homeserver, network, sdk: first, ask, app } = await syncing({ seed });
        let sdk = first;
        network.loss = 0.1;
        const expected: string[] = [];
        const sends: Promise<void>[] = [];
        const send = async (transaction: string): Promise<void> => {
          for (;;) {
            const path = `v3/rooms/!r:x/send/m.room.message/${transaction}`;
            const response = await ask(path, { method: 'PUT', body: '{}' }).catch(() => undefined);
            if (response?.status === 200) return;
            await new Promise<void>((resolve) => time.setTimer(5000, resolve));
          }
        };
        for (const [index, { after, what }] of disasters.entries()) {
          await time.advance(after);
          if (what === 'event') expected.push(homeserver.happen());
          else if (what === 'to_device') expected.push(homeserver.happen('to_device'));
          else if (what === 'send') sends.push(send(`t${index}`));
          else if (what === 'restart') network.restart();
          else if (what === 'move') network.moveClient();
          else if (what === 'interrupt') sdk.interrupt();
          else if (what === 'crash') {
            sdk.kill();
            sdk = new Sdk(app(), time, sdk.store);
          } else if (what === 'stop') {
            await time.until(network.stop());
            time.setTimer(3000, () => network.start());
          } else if (what === 'outage') {
            homeserver.outage = { status: 503, headers: [], body: new Uint8Array() };
            time.setTimer(8000, () => {
              homeserver.outage = undefined;
            });
          } else {
            network.blocked = true;
            time.setTimer(12_000, () => {
              network.blocked = false;
            });
          }
        }
        await time.until(Promise.all(sends));
        await time.advance(400_000);
        expected.push(...homeserver.sent.values());
        expect([...sdk.store.received].sort()).toEqual(expected.sort());
        expect(homeserver.undelivered).toEqual([]);
      }),
      { seed: 3079, numRuns: 40 },
    );
  });
});
