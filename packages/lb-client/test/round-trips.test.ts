import { describe, expect, it } from 'vitest';
import type { ConnectTarget } from '../src/index.ts';
import { world } from './support/world.ts';

/** A world whose handshakes are told what was known of the round trip. */
function watching(network?: () => string) {
  const told: ConnectTarget['roundTrip'][] = [];
  const texts = new Map<string, string>();
  const there = world({
    ...(network === undefined ? {} : { networkKey: network }),
    storage: { get: (key) => texts.get(key), set: (key, text) => void texts.set(key, text) },
    connect: (target) => {
      told.push(target.roundTrip);
      return there.network.connect(target);
    },
  });
  return { ...there, told, texts };
}

describe('what a round trip takes', () => {
  it('is known to the next run of the app', async () => {
    const { time, ask, app, network, told } = watching();
    network.latency = 100;
    await time.until(ask('v3/account/whoami'));
    await time.until(ask('v3/account/whoami', {}, app()));
    expect(told).toEqual([undefined, 200]);
  });

  it('is known for each network by itself', async () => {
    let name = 'home';
    const { time, ask, app, network, told } = watching(() => name);
    await time.until(ask('v3/account/whoami'));
    name = 'train';
    network.latency = 300;
    await time.until(ask('v3/account/whoami', {}, app()));
    for (name of ['home', 'train']) await time.until(ask('v3/account/whoami', {}, app()));
    expect(told).toEqual([undefined, undefined, 40, 600]);
  });

  it('is not believed for more than a day', async () => {
    const { time, ask, app, told } = watching();
    await time.until(ask('v3/account/whoami'));
    await time.advance(86_400_000);
    await time.until(ask('v3/account/whoami', {}, app()));
    expect(told).toEqual([undefined, undefined]);
  });

  it('is written down once, and again when it has changed', async () => {
    const { time, ask, network, texts } = watching();
    const written = () => [...texts].find(([key]) => key.includes('round-trip'))?.[1];
    await time.until(ask('v3/account/whoami'));
    const first = written();
    for (let i = 0; i < 5; i++) await time.until(ask('v3/account/whoami'));
    expect(written()).toBe(first);
    network.latency = 500;
    for (let i = 0; i < 20; i++) await time.until(ask('v3/account/whoami'));
    expect(written()).not.toBe(first);
  });

  it('makes the first request of a new connection go again soon, where the server is known to do the same', async () => {
    const { time, ask, app, network } = watching();
    network.latency = 100;
    // That tells what the server can do, and a request the round trip.
    await time.until(ask('versions'));
    await time.until(ask('v3/account/whoami'));
    const fetch = app();
    const call = ask('v3/account/whoami', {}, fetch);
    await time.advance(399);
    network.blocked = true;
    await time.advance(2);
    const start = time.now();
    await time.advance(300);
    network.blocked = false;
    expect((await time.until(call)).status).toBe(200);
    expect(time.now() - start).toBeLessThan(1100);
  });
});

describe('a link that becomes slow', () => {
  it('is kept: its answer comes, once, and no other connection takes its place', async () => {
    const { time, ask, network, homeserver, fetch } = world();
    network.latency = 100;
    for (let i = 0; i < 5; i++) await time.until(ask('v3/account/whoami'));
    const before = homeserver.requests.length;
    network.latency = 2400;
    const start = time.now();
    expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
    expect(time.now() - start).toBe(4800);
    expect(homeserver.requests.length).toBe(before + 1);
    await time.advance(30_000);
    // A handshake was tried beside it, in case the server had lost the session.
    expect(network.handshakes).toBe(2);
    for (let i = 0; i < 3; i++) {
      const again = time.now();
      expect((await time.until(ask('v3/account/whoami'))).status).toBe(200);
      expect(time.now() - again).toBe(4800);
    }
    expect(fetch.connection.state).toBe('connected');
    expect(network.handshakes).toBe(2);
  });

  it('has two round trips to say that it is still there, when an alert was forged', async () => {
    const { time, ask, network, homeserver } = world();
    network.latency = 2400;
    for (let i = 0; i < 5; i++) await time.until(ask('v3/account/whoami'));
    await time.advance(6000);
    homeserver.slowness = 12_000;
    const call = ask('v3/createRoom', { method: 'POST', body: '{}' });
    await time.advance(100);
    network.forgeAlert();
    expect((await time.until(call)).status).toBe(200);
    expect(network.handshakes).toBe(2);
  });
});
