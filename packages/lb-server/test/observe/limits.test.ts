import { OptionNumber, Type, uintValue } from '@lb-matrix/coap-codec';
import type { Limits } from '@lb-matrix/lb-server';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import { KeptBytes } from '../../src/observe/kept-bytes.ts';
import { testServer } from '../support/link.ts';
import { ANNOUNCE, bodyOf, kind, observeOf, type RawClient, rawClient } from '../support/raw-client.ts';
import { syncHomeserver } from '../support/sync-homeserver.ts';

const HOUR = 3_600_000;

function setUp(limits: Partial<Limits>) {
  const platform = new VirtualTime();
  const homeserver = syncHomeserver(platform);
  const { listener } = testServer({ platform, upstream: homeserver.upstream, limits });
  const client = (address = '192.0.2.7') => rawClient(platform, listener, { address, port: 40_000, validated: true });
  /** What a registration of its own CoAP token is answered with. */
  const register = async (by: RawClient, token: number, options = [ANNOUNCE]) => {
    by.received();
    by.register([`since=s0`, `filter=${token}`], { token, options });
    await platform.advance(0);
    return by.received().find((message) => message.token[0] === token)!;
  };
  return { platform, homeserver, client, register };
}

describe('there is no place for an observation', () => {
  it('beyond maxSessionObservations: 5.03 with Max-Age, until one has ended', async () => {
    const { client, register } = setUp({ maxSessionObservations: 2 });
    const first = client();
    const answers = [await register(first, 1), await register(first, 2), await register(first, 3)];
    expect(answers.map(kind)).toEqual(['ACK 2.05', 'ACK 2.05', 'ACK 5.03']);
    expect(uintValue(answers[2]!.options, OptionNumber.MaxAge)).toBe(5);
    expect(observeOf(answers[2]!)).toBeUndefined();
    expect(bodyOf(answers[2]!)).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 5000 });
    // The same CoAP token again takes its own place.
    expect(kind(await register(first, 2))).toBe('ACK 2.05');
    first.register(['filter=1'], { token: 1, observe: 1 });
    expect(kind(await register(first, 3))).toBe('ACK 2.05');
    expect(kind(await register(client(), 1))).toBe('ACK 2.05');
  });

  it('is 5.02 to clients that know no 5.03', async () => {
    const { client, register } = setUp({ maxSessionObservations: 0 });
    expect(kind(await register(client(), 1, []))).toBe('ACK 5.02');
  });

  it('beyond maxObservations of all sessions', async () => {
    const { client, register } = setUp({ maxObservations: 2 });
    const [first, second] = [client(), client()];
    expect(kind(await register(first, 1))).toBe('ACK 2.05');
    expect(kind(await register(second, 1))).toBe('ACK 2.05');
    expect(kind(await register(second, 2))).toBe('ACK 5.03');
    first.register(['filter=1'], { token: 1, observe: 1 });
    expect(kind(await register(second, 2))).toBe('ACK 2.05');
  });

  it('beyond maxAddressSessions of one address; a session that observes already may go on', async () => {
    const { client, register } = setUp({ maxAddressSessions: 2 });
    const [first, second, third] = [client(), client(), client()];
    expect(kind(await register(first, 1))).toBe('ACK 2.05');
    expect(kind(await register(second, 1))).toBe('ACK 2.05');
    expect(kind(await register(third, 1))).toBe('ACK 5.03');
    expect(kind(await register(first, 2))).toBe('ACK 2.05');
    expect(kind(await register(client('192.0.2.8'), 1))).toBe('ACK 2.05');
    for (const token of [1, 2]) first.register([`filter=${token}`], { token, observe: 1 });
    expect(kind(await register(third, 1))).toBe('ACK 2.05');
  });

  it('and a registration that comes to nothing takes none', async () => {
    const { homeserver, client, register } = setUp({ maxObservations: 1, maxAddressSessions: 1 });
    for (let i = 0; i < 3; i++) {
      homeserver.instead.push({ status: 500, headers: [], body: new TextEncoder().encode('{}') });
      expect(kind(await register(client(), 1))).toBe('ACK 5.00');
    }
    expect(kind(await register(client(), 1))).toBe('ACK 2.05');
  });
});

describe('beyond maxUnacknowledgedBytes', () => {
  it('a registration whose answer cannot be kept is 5.03', async () => {
    const { homeserver, client, register } = setUp({ maxUnacknowledgedBytes: 50 });
    homeserver.send('x'.repeat(100));
    const answer = await register(client(), 1);
    expect([kind(answer), observeOf(answer)]).toEqual(['ACK 5.03', undefined]);
  });

  it('a client with news that cannot be kept is told to register again', async () => {
    const { platform, homeserver, client, register } = setUp({ maxUnacknowledgedBytes: 50 });
    const observing = client();
    await register(observing, 1);
    homeserver.send('x'.repeat(100));
    await platform.advance(0);
    const [last] = observing.received();
    expect([kind(last!), observeOf(last!)]).toEqual(['CON 5.03', undefined]);
    expect(homeserver.waiting).toBe(0);
  });

  it('what is kept for those who are out of reach goes first, the longest away first, and they are told when they come', async () => {
    const { platform, homeserver, client, register } = setUp({ maxUnacknowledgedBytes: 700 });
    const away = [client(), client()];
    for (const one of away) {
      await register(one, 1);
      one.reachable = false;
      // 200 bytes each, since the stream holds the same message for both of them.
    }
    homeserver.send('x'.repeat(200));
    await platform.advance(HOUR);
    const here = client();
    here.register(['since=s1'], { options: [ANNOUNCE] });
    await platform.advance(0);
    here.received();
    homeserver.send('y'.repeat(250));
    await platform.advance(0);
    expect(here.received().map(kind)).toEqual(['CON 2.05']);

    const came: string[][] = [];
    for (const one of away) {
      one.reachable = true;
      one.send({ type: Type.NON, options: [] });
      await platform.advance(0);
      came.push(
        one
          .received()
          .filter(({ type }) => type === Type.CON)
          .map(kind),
      );
    }
    expect(came).toEqual([['CON 5.03'], ['CON 2.05']]);
  });

  it('what is acknowledged, or ends, makes room', async () => {
    const { platform, homeserver, client, register } = setUp({ maxUnacknowledgedBytes: 350 });
    const observing = client();
    await register(observing, 1);
    for (let i = 0; i < 5; i++) {
      homeserver.send('x'.repeat(200));
      await platform.advance(0);
      const [push] = observing.received();
      expect(kind(push!)).toBe('CON 2.05');
      if (i < 4) observing.ack(push!);
      await platform.advance(0);
    }
    observing.register(['filter=1'], { token: 1, observe: 1 });
    const other = client();
    other.register(['since=s0'], { options: [ANNOUNCE] });
    await platform.advance(0);
    expect(other.received().map(kind)).toEqual(['ACK 0.00', 'CON 2.05']);
  });
});

describe('the memory of unacknowledged answers', () => {
  const holder = () => {
    const dropped = { times: 0, drop: () => void dropped.times++ };
    return dropped;
  };

  it('counts what is held, and gives it back once', () => {
    const bytes = new KeptBytes(100);
    const [a, b] = [holder(), holder()];
    expect([bytes.hold(a, 60), bytes.hold(b, 40), bytes.total]).toEqual([true, true, 100]);
    bytes.release(a);
    bytes.release(a);
    expect(bytes.total).toBe(40);
  });

  it('takes from those parked, in the order in which they were parked, and no more than it has to', () => {
    const bytes = new KeptBytes(100);
    const [a, b, c, d] = [holder(), holder(), holder(), holder()];
    for (const one of [a, b, c]) bytes.hold(one, 30);
    bytes.park(b);
    bytes.park(a);
    bytes.park(d);
    expect(bytes.hold(d, 30)).toBe(true);
    expect([a, b, c].map(({ times }) => times)).toEqual([0, 1, 0]);
    bytes.unpark(a);
    expect(bytes.hold(holder(), 30)).toBe(false);
    expect(bytes.total).toBe(90);
  });
});
