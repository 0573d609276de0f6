import { OptionNumber, opaqueOption, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import { describe, expect, it } from 'vitest';
import { contents, HOUR, MINUTE, nextBatch, SECOND, setUp } from '../support/observing.ts';
import { ANNOUNCE, bodyOf, kind } from '../support/raw-client.ts';

describe('a push', () => {
  it('R16: is Confirmable, with a Message ID of its own that is not 0', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    const ids = new Set<number>();
    for (let i = 0; i < 5; i++) {
      homeserver.send(i);
      await platform.advance(0);
      const push = one(observing);
      expect([kind(push), push.token]).toEqual(['CON 2.05', Uint8Array.of(1)]);
      ids.add(push.messageId);
      observing.ack(push);
      await platform.advance(0);
    }
    expect(ids.size).toBe(5);
    expect(ids.has(0)).toBe(false);
  });

  it('R17: looks like a /sync response, and the next one goes on from its next_batch', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    homeserver.send({ n: 1 });
    await platform.advance(0);
    const push = one(observing);
    const { Observe, ContentFormat } = OptionNumber;
    expect(push.options.map(({ number }) => number)).toEqual([Observe, ContentFormat]);
    expect(bodyOf(push)).toEqual({
      next_batch: 's1',
      device_one_time_keys_count: { signed_curve25519: 50 },
      to_device: { events: [{ type: 'm.test', content: { n: 1 } }] },
    });
    expect(uintValue(push.options, OptionNumber.ContentFormat)).toBe(60);
    observing.ack(push);
    await platform.advance(0);
    expect(homeserver.targets()).toEqual(['/_matrix/client/v3/sync?since=s1&timeout=30000']);
  });

  it('R17: a registration resumes from the client’s since', async () => {
    const { platform, homeserver, client } = setUp();
    for (let i = 1; i <= 3; i++) homeserver.send(i);
    const observing = client();
    observing.register(['since=s2'], { options: [ANNOUNCE] });
    await platform.advance(0);
    const [, answer] = observing.received();
    expect([contents(answer!), nextBatch(answer!)]).toEqual([[3], 's3']);
  });

  it('holds what has come while the one before was not acknowledged', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    homeserver.send('a');
    await platform.advance(0);
    const first = one(observing);
    for (const content of ['b', 'c', 'd']) {
      homeserver.send(content);
      await platform.advance(100);
    }
    expect(observing.received()).toEqual([]);
    observing.ack(first);
    await platform.advance(0);
    expect(contents(one(observing))).toEqual(['b', 'c', 'd']);
    expect(homeserver.targets()).toEqual(['/_matrix/client/v3/sync?since=s1&timeout=30000']);
  });

  it('is not made because next_batch alone has moved, and the homeserver is asked once a second', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    for (let i = 0; i < 100; i++) {
      homeserver.stir();
      await platform.advance(100);
    }
    expect(observing.received()).toEqual([]);
    expect(homeserver.targets().length).toBeLessThanOrEqual(11);
    homeserver.send('a');
    await platform.advance(SECOND);
    expect(contents(one(observing))).toEqual(['a']);
  });

  it('is made when a count has changed', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    homeserver.keys = { signed_curve25519: 49 };
    homeserver.stir();
    await platform.advance(0);
    expect(bodyOf(one(observing))).toMatchObject({ device_one_time_keys_count: { signed_curve25519: 49 } });
  });

  it('is not made in ten quiet minutes, nor in ten with others active at the homeserver: no datagram', async () => {
    const { platform, homeserver, observer } = setUp();
    const observing = await observer();
    await platform.advance(10 * MINUTE);
    for (let i = 0; i < 600; i++) {
      homeserver.stir();
      await platform.advance(SECOND);
    }
    expect(observing.received()).toEqual([]);
  });

  it('goes with the access token that the registration had', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    observing.send({ token: Uint8Array.of(9), options: [opaqueOption(256, new TextEncoder().encode('bob'))] });
    await platform.advance(0);
    one(observing);
    homeserver.send('a');
    await platform.advance(0);
    const tokens = homeserver.requests.map(({ headers }) => headers.find(([name]) => name === 'authorization')?.[1]);
    expect(new Set(tokens)).toEqual(new Set(['Bearer alice']));
  });
});

describe('R21: a push that is too large for one message', () => {
  it('is fetched by the client in blocks, exactly as it was pushed, whatever has happened since', async () => {
    const { platform, homeserver, observer } = setUp();
    const observing = await observer();
    const content = { text: 'x'.repeat(4000) };
    homeserver.send(content);
    await platform.advance(0);
    let [message] = observing.received();
    expect(message!.payload).toHaveLength(1024);
    homeserver.send('later');
    const blocks = [message!.payload];
    for (let num = 1; uintValue(message!.options, OptionNumber.Block2)! & 8; num++) {
      const options = [...syncOptions(), uintOption(OptionNumber.Block2, (num << 4) | 6)].sort(
        (a, b) => a.number - b.number,
      );
      observing.send({ token: Uint8Array.of(40 + num), options });
      await platform.advance(0);
      [message] = observing.received().filter(({ token }) => token[0] === 40 + num);
      blocks.push(message!.payload);
    }
    const whole = new Uint8Array(blocks.flatMap((block) => [...block]));
    expect(whole).toEqual(
      encodeJson(
        JSON.stringify({
          next_batch: 's1',
          device_one_time_keys_count: { signed_curve25519: 50 },
          to_device: { events: [{ type: 'm.test', content }] },
        }),
      ),
    );
    expect(homeserver.targets()).toEqual([]);
  });

  /** As the registration had them, without Observe. */
  function syncOptions() {
    const text = (value: string) => new TextEncoder().encode(value);
    return [
      opaqueOption(OptionNumber.UriPath, text('7')),
      opaqueOption(OptionNumber.UriQuery, text('since=s0')),
      opaqueOption(OptionNumber.Authorization, text('alice')),
      ANNOUNCE,
    ];
  }
});

describe('what is told of it', () => {
  it('is path, peer, event and size: no token, no query, no body', async () => {
    const { platform, homeserver, observer, one, records, server } = setUp();
    const observing = await observer();
    homeserver.send('secret');
    await platform.advance(0);
    const push = one(observing);
    observing.ack(push);
    await platform.advance(0);
    await server.close({ graceful: 0 });
    const common = { path: '/_matrix/client/v3/sync', peer: { address: '192.0.2.7', port: 40_000 } };
    expect(records).toEqual([
      { ...common, event: 'registered' },
      { ...common, event: 'pushed', bytes: push.payload.length },
      { ...common, event: 'ended', reason: 'ended' },
    ]);
  });
});

describe('the end of the server', () => {
  it('says nothing to observers but close_notify, and leaves no request and no timer behind', async () => {
    const { platform, homeserver, server, observer } = setUp();
    const observing = await observer();
    const closed = server.close();
    await platform.advance(0);
    await closed;
    expect([observing.received(), observing.closed, homeserver.waiting]).toEqual([[], true, 0]);
    homeserver.targets();
    await platform.advance(HOUR);
    expect(homeserver.targets()).toEqual([]);
  });
});
