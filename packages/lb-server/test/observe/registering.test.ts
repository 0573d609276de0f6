import { OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { contents, HOUR, MINUTE, nextBatch, SECOND, SLIDING, setUp } from '../support/observing.ts';
import { ANNOUNCE, bodyOf, kind, observeOf } from '../support/raw-client.ts';
import { json } from '../support/upstream.ts';

describe('registering', () => {
  it('is answered within one round trip to the homeserver, in the ACK where there is no news', async () => {
    const { platform, homeserver, client, one } = setUp();
    const observing = client();
    observing.register(['filter=1', 'timeout=30000', 'since=s0'], { options: [ANNOUNCE] });
    await platform.advance(0);
    expect(homeserver.targets()).toEqual([
      '/_matrix/client/v3/sync?filter=1&since=s0&timeout=0',
      '/_matrix/client/v3/sync?filter=1&since=s0&timeout=30000',
    ]);
    const answer = one(observing);
    expect(kind(answer)).toBe('ACK 2.05');
    expect(observeOf(answer)).toBeDefined();
    expect(nextBatch(answer)).toBe('s0');
  });

  it('is answered in a message of its own where there is news, and nothing is asked beyond it before its ACK', async () => {
    const { platform, homeserver, client } = setUp();
    homeserver.send('a');
    const observing = client();
    observing.register(['since=s0'], { options: [ANNOUNCE] });
    await platform.advance(0);
    const [received, answer] = observing.received();
    expect([kind(received!), kind(answer!)]).toEqual(['ACK 0.00', 'CON 2.05']);
    expect(contents(answer!)).toEqual(['a']);
    homeserver.send('b');
    await platform.advance(SECOND);
    expect(homeserver.targets()).toEqual(['/_matrix/client/v3/sync?since=s0&timeout=0']);
    observing.ack(answer!);
    await platform.advance(0);
    expect(homeserver.targets()).toEqual(['/_matrix/client/v3/sync?since=s1&timeout=30000']);
    expect(observing.received().map(contents)).toEqual([['b']]);
  });

  it('of existing clients, which send each one with Message ID 0, is a new one each time', async () => {
    const { platform, homeserver, client, one } = setUp();
    const observing = client();
    for (const token of [1, 2, 3]) {
      observing.register([`filter=${token}`], { token, messageId: 0 });
      await platform.advance(0);
      expect(one(observing)).toMatchObject({ messageId: 0, token: Uint8Array.of(token) });
    }
    expect(homeserver.waiting).toBe(3);
    homeserver.send('a');
    await platform.advance(0);
    expect(one(observing).messageId).not.toBe(0);
  });

  it('without an access token is 4.01', async () => {
    const { platform, homeserver, client, one } = setUp();
    const observing = client();
    observing.register([], { secret: undefined });
    await platform.advance(0);
    const answer = one(observing);
    expect(kind(answer)).toBe('ACK 4.01');
    expect(bodyOf(answer)).toMatchObject({ errcode: 'M_MISSING_TOKEN' });
    expect(homeserver.requests).toEqual([]);
  });

  it.each(['2', '_matrix/client/v3/events', '_matrix/client/v1/sync', '_matrix/client/v3/sync/x', SLIDING, 'F'])(
    'for anything else is an ordinary request, with a token or without: GET /%s',
    async (path) => {
      const { platform, homeserver, client, one } = setUp();
      for (const secret of ['alice', undefined]) {
        const observing = client();
        observing.register([], { path, secret });
        await platform.advance(0);
        expect(observeOf(one(observing))).toBeUndefined();
      }
      const asked = homeserver.requests.length;
      homeserver.send('a');
      await platform.advance(MINUTE);
      expect(homeserver.requests).toHaveLength(asked);
    },
  );

  it.each(['7', '_matrix/client/r0/sync', '_matrix/client/v3/sync'])('works for GET /%s', async (path) => {
    const { platform, client, one } = setUp();
    const observing = client();
    observing.register([], { path });
    await platform.advance(0);
    expect(observeOf(one(observing))).toBeDefined();
  });

  it('is not accepted when the homeserver answers with an error, which is passed on', async () => {
    const { platform, homeserver, client, one, records } = setUp();
    homeserver.instead.push(json(403, { errcode: 'M_FORBIDDEN', error: 'no' }));
    const observing = client();
    observing.register(['since=s0']);
    await platform.advance(HOUR);
    const answer = one(observing);
    expect([kind(answer), observeOf(answer)]).toEqual(['ACK 4.03', undefined]);
    expect(homeserver.requests).toHaveLength(1);
    expect(records).toEqual([]);
  });

  it('is not accepted when the homeserver’s answer is none of /sync', async () => {
    const { platform, homeserver, client, one } = setUp();
    homeserver.instead.push(json(200, { hello: 'world' }));
    const observing = client();
    observing.register(['since=s0']);
    await platform.advance(HOUR);
    expect(observeOf(one(observing))).toBeUndefined();
    expect(homeserver.requests).toHaveLength(1);
  });

  it('with full_state asks for that once', async () => {
    const { platform, homeserver, client } = setUp();
    client().register(['full_state=true', 'since=s0', 'set_presence=offline']);
    await platform.advance(0);
    expect(homeserver.targets()).toEqual([
      '/_matrix/client/v3/sync?full_state=true&set_presence=offline&since=s0&timeout=0',
      '/_matrix/client/v3/sync?set_presence=offline&since=s0&timeout=30000',
    ]);
  });

  it('with Observe 1 is the end: our own client gets nothing more, others the state once more', async () => {
    const { platform, homeserver, observer, client, one } = setUp();
    const observing = await observer();
    expect(homeserver.waiting).toBe(1);
    observing.register(['since=s0'], { observe: 1 });
    await platform.advance(0);
    const [farewell] = observing.received();
    expect([kind(farewell!), observeOf(farewell!), farewell!.payload.length]).toEqual(['ACK 2.05', undefined, 0]);
    expect([homeserver.targets(), homeserver.waiting]).toEqual([[], 0]);
    const existing = client();
    existing.register(['since=s0'], { observe: 1 });
    await platform.advance(0);
    expect(nextBatch(one(existing))).toBe('s0');
    homeserver.send('a');
    await platform.advance(MINUTE);
    expect(observing.received()).toEqual([]);
  });

  it('says to clients that register again after Max-Age that a day is enough, and nothing to our own', async () => {
    const { platform, homeserver, client, one } = setUp();
    const maxAges = async (...options: Parameters<typeof uintValue>[0]) => {
      const observing = client();
      observing.register([`since=s${homeserver.requests.length}`], { options });
      await platform.advance(0);
      const answer = one(observing);
      homeserver.send('a');
      await platform.advance(0);
      const push = one(observing);
      observing.ack(push);
      return [answer, push].map((message) => uintValue(message.options, OptionNumber.MaxAge));
    };
    expect(await maxAges()).toEqual([86_400, 86_400]);
    expect(await maxAges(ANNOUNCE)).toEqual([undefined, undefined]);
  });
});
