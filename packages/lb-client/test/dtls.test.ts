import { describe, expect, it } from 'vitest';
import { DtlsNetwork } from './support/dtls-network.ts';
import { Sdk } from './support/sdk.ts';
import { world } from './support/world.ts';

describe('over real DTLS, in virtual time', () => {
  it('a proxy that was killed is noticed by its alert at the next keep-alive, and nothing is lost', async () => {
    const { time, homeserver, app, ask, fallbacks } = world();
    const network = new DtlsNetwork(time, homeserver.upstream);
    const fetch = app({ connect: network.connect });
    await time.until(ask('v3/account/whoami', {}, fetch));
    const sdk = new Sdk(fetch, time);
    await time.advance(10_000);
    network.restart();
    const id = homeserver.happen('to_device');
    await time.advance(27_000);
    expect(sdk.store.received).toEqual([id]);
    expect(network.handshakes).toBe(2);
    expect(sdk.troubles).toEqual([]);
    expect(fallbacks).toEqual([]);
  });

  it('with 10 % loss and a proxy killed every 20 s, each event arrives once and each message is sent once', async () => {
    const { time, homeserver, app, ask, fallbacks } = world({ seed: 5 });
    const network = new DtlsNetwork(time, homeserver.upstream);
    const fetch = app({ connect: network.connect });
    await time.until(ask('v3/account/whoami', {}, fetch));
    const sdk = new Sdk(fetch, time);
    await time.advance(5000);
    network.loss = 0.1;
    const expected: string[] = [];
    const sends: Promise<Response>[] = [];
    for (let second = 1; second <= 120; second++) {
      if (second % 20 === 0) network.restart();
      if (second % 7 === 0) expected.push(homeserver.happen('to_device'));
      if (second % 11 === 0) {
        const path = `v3/rooms/!r:x/send/m.room.message/t${second}`;
        sends.push(ask(path, { method: 'PUT', body: '{}' }, fetch));
      }
      await time.advance(1000);
    }
    for (const { status } of await time.until(Promise.all(sends))) expect(status).toBe(200);
    await time.advance(120_000);
    expected.push(...homeserver.sent.values());
    expect([...sdk.store.received].sort()).toEqual(expected.sort());
    expect(homeserver.sent.size).toBe(sends.length);
    expect(network.handshakes).toBeGreaterThan(5);
    expect(fallbacks).toEqual([]);
  });
});
