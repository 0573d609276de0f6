import { type CoapMessage, Code, OptionNumber, opaqueOption, Type, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import type { Limits, ObservationRecord } from '@lb-matrix/lb-server';
import { describe, expect, it } from 'vitest';
import { testServer } from '../support/link.ts';
import { ANNOUNCE, bodyOf, kind, observeOf, type RawClient, rawClient } from '../support/raw-client.ts';
import { type SyncHomeserver, syncHomeserver } from '../support/sync-homeserver.ts';
import { json } from '../support/upstream.ts';
import { virtualPlatform } from '../support/virtual-platform.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SLIDING = '_matrix/client/unstable/org.matrix.simplified_msc3575/sync';

/** A server in front of a homeserver with one stream of messages, and clients that say what the test says. */
function setUp(limits: Partial<Limits> = {}) {
  const platform = virtualPlatform();
  const homeserver: SyncHomeserver = syncHomeserver(platform);
  const records: ObservationRecord[] = [];
  const { listener, server } = testServer({
    platform,
    upstream: homeserver.upstream,
    limits,
    onObservation: (record) => records.push(record),
    onError: (error) => {
      throw error;
    },
  });
  const client = (peer?: Parameters<typeof rawClient>[2]) => rawClient(platform, listener, peer);
  /** The only message that has come. */
  const one = (from: RawClient): CoapMessage => {
    const messages = from.received();
    expect(messages.map(kind)).toHaveLength(1);
    return messages[0]!;
  };
  /** A client that observes from `since`, without news so far. */
  const observer = async (since = 's0') => {
    const observing = client();
    observing.register([`since=${since}`], { options: [ANNOUNCE] });
    await platform.advance(0);
    expect(kind(one(observing))).toBe('ACK 2.05');
    homeserver.targets();
    return observing;
  };
  return { platform, homeserver, records, server, client, one, observer };
}

/** The contents of the messages in a push. */
function contents(message: CoapMessage): unknown[] {
  const { to_device } = bodyOf(message) as { to_device?: { events: { content: unknown }[] } };
  return to_device?.events.map(({ content }) => content) ?? [];
}

const nextBatch = (message: CoapMessage): unknown => (bodyOf(message) as { next_batch: unknown }).next_batch;

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

describe('R15: an observation belongs to (session, access token, CoAP token)', () => {
  it('one device may hold several', async () => {
    const { platform, homeserver, client, one } = setUp();
    const observing = client();
    observing.register(['since=s0'], { token: 1, secret: 'alice' });
    observing.register(['since=s0', 'filter=1'], { token: 2, secret: 'alice' });
    observing.register(['since=s0'], { token: 3, secret: 'bob' });
    await platform.advance(0);
    expect(observing.received().map(observeOf).filter(Boolean)).toHaveLength(3);
    homeserver.send('a');
    const pushed: (number | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      // RFC 7252 section 4.7: one message at a time.
      await platform.advance(0);
      const push = one(observing);
      pushed.push(push.token[0]);
      observing.ack(push);
    }
    expect(pushed.sort()).toEqual([1, 2, 3]);
  });

  it('the same CoAP token in two sessions are two', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const [first, second] = [await observer(), await observer()];
    homeserver.send('a');
    await platform.advance(0);
    one(second);
    first.ack(one(first));
    first.register(['since=s1'], { observe: 1 });
    await platform.advance(10 * SECOND);
    expect(second.received().length).toBeGreaterThan(0);
    first.received();
    homeserver.send('b');
    await platform.advance(MINUTE);
    expect(first.received()).toEqual([]);
  });

  it('a new session on an address just used by another sees nothing of it', async () => {
    const { platform, homeserver, client, observer } = setUp();
    const alice = await observer();
    homeserver.send('for alice');
    await platform.advance(0);
    const [push] = alice.received();
    const bob = client();
    // Neither by acknowledging, nor by asking for blocks, nor by registering as she did.
    bob.ack(push!);
    bob.send({ token: push!.token, options: [uintOption(OptionNumber.Block2, 0x16)] });
    bob.register(['since=s0'], { secret: undefined });
    await platform.advance(MINUTE);
    expect(
      bob
        .received()
        .map(({ payload }) => new TextDecoder().decode(payload))
        .join(),
    ).not.toContain('for alice');
    expect(homeserver.waiting).toBe(0);
    expect(alice.received().length).toBeGreaterThan(0);
  });

  it('it ends with its session, and so does the request that waits for it', async () => {
    const { platform, homeserver, server, observer } = setUp();
    const observing = await observer();
    await server.close({ graceful: 0 });
    expect(observing.closed).toBe(true);
    homeserver.send('a');
    await platform.advance(MINUTE);
    expect([observing.received(), homeserver.waiting]).toEqual([[], 0]);
  });
});

describe('a push that is not acknowledged', () => {
  /** A client that has gone out of reach with a push on its way. */
  async function gone() {
    const all = setUp();
    const observing = await all.observer();
    all.homeserver.send('a');
    await all.platform.advance(0);
    const push = all.one(observing);
    observing.reachable = false;
    return { ...all, observing, push };
  }

  it('R18: is sent four times more, then costs nothing, and nothing is asked of the homeserver', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    homeserver.send('a');
    await platform.advance(100 * SECOND);
    expect(observing.received()).toHaveLength(5);
    homeserver.targets();
    await platform.advance(23 * HOUR);
    expect(observing.received()).toEqual([]);
    expect(homeserver.targets()).toEqual([]);
    expect(homeserver.waiting).toBe(0);
    // A sign of life: a CoAP ping.
    observing.send({ type: Type.CON, code: Code.Empty });
    await platform.advance(0);
    const [reset, again] = observing.received();
    expect(kind(reset!)).toBe('RST 0.00');
    expect(contents(again!)).toEqual(['a']);
    observing.ack(again!);
    homeserver.send('b');
    await platform.advance(0);
    expect(contents(one(observing))).toEqual(['b']);
  });

  it('R18: is byte-identical when it is sent again', async () => {
    const { platform, observing, push, one } = await gone();
    await platform.advance(HOUR);
    observing.reachable = true;
    observing.send({ type: Type.CON, code: Code.Empty });
    await platform.advance(0);
    const again = observing.received().find((message) => message.type === Type.CON)!;
    expect(again.payload).toEqual(push.payload);
    await platform.advance(3 * SECOND);
    expect(one(observing).payload).toEqual(push.payload);
  });

  it('R18: is parked again when the client goes again', async () => {
    const { platform, records, observing, push } = await gone();
    for (let i = 0; i < 3; i++) {
      await platform.advance(HOUR);
      observing.reachable = true;
      observing.send({ type: Type.CON, code: Code.Empty });
      await platform.advance(0);
      observing.reachable = false;
    }
    await platform.advance(HOUR);
    expect(
      observing
        .received()
        .filter(({ type }) => type === Type.CON)
        .map(({ payload }) => payload),
    ).toEqual(Array.from({ length: 3 }, () => push.payload));
    expect(records.map(({ event }) => event)).toEqual(['registered', 'parked', 'parked', 'parked', 'parked']);
  });

  it('R18: is removed after a day', async () => {
    const { platform, homeserver, records, observing } = await gone();
    await platform.advance(25 * HOUR);
    expect(records.map(({ event, reason }) => reason ?? event)).toEqual(['registered', 'parked', 'ended']);
    observing.reachable = true;
    observing.send({ type: Type.CON, code: Code.Empty });
    homeserver.send('b');
    await platform.advance(MINUTE);
    expect(observing.received().map(kind)).toEqual(['RST 0.00']);
  });

  it('R19, R20: is sent at once when the client registers again, as it was and without asking the homeserver', async () => {
    const { platform, homeserver, observing, push } = await gone();
    homeserver.targets();
    await platform.advance(20 * SECOND);
    observing.reachable = true;
    for (const token of [1, 2]) {
      observing.register(['since=s0'], { token });
      await platform.advance(0);
      const [received, again] = observing.received();
      expect([kind(received!), kind(again!)]).toEqual(['ACK 0.00', 'CON 2.05']);
      expect([again!.token, again!.payload]).toEqual([Uint8Array.of(token), push.payload]);
    }
    expect(homeserver.targets()).toEqual([]);
  });

  it('R20: also when it was parked', async () => {
    const { platform, homeserver, observing, push } = await gone();
    await platform.advance(HOUR);
    homeserver.targets();
    observing.reachable = true;
    observing.register(['since=s0']);
    await platform.advance(0);
    expect(observing.received().find(({ type }) => type === Type.CON)!.payload).toEqual(push.payload);
    expect(homeserver.targets()).toEqual([]);
  });

  it.each([
    ['another access token', { secret: 'bob' }, ['since=s0']],
    ['another since', {}, ['since=s7']],
    ['another filter', {}, ['since=s0', 'filter=1']],
    ['another format', { options: [uintOption(OptionNumber.Accept, 50)] }, ['since=s0']],
    ['full_state', {}, ['since=s0', 'full_state=true']],
  ])('is not what a registration with %s is answered with', async (_, registration, query) => {
    const { platform, homeserver, observing } = await gone();
    homeserver.targets();
    observing.reachable = true;
    observing.register(query, registration);
    await platform.advance(0);
    expect(homeserver.targets()[0]).toMatch(/timeout=0$/);
  });

  it('counts as consumed when the client registers with its next_batch under another CoAP token', async () => {
    const { platform, homeserver, observing } = await gone();
    homeserver.targets();
    observing.reachable = true;
    observing.register(['since=s1'], { token: 2 });
    await platform.advance(0);
    expect(observing.received().map(kind)).toEqual(['ACK 2.05']);
    expect(homeserver.targets().filter((target) => target.endsWith('since=s1&timeout=30000'))).toHaveLength(2);
  });

  it('ends with the Reset of a client that does not know it any more', async () => {
    const { platform, homeserver, records, observing, push } = await gone();
    observing.reachable = true;
    observing.send({ type: Type.RST, code: Code.Empty, messageId: push.messageId });
    homeserver.send('b');
    await platform.advance(MINUTE);
    expect(observing.received()).toEqual([]);
    expect(records.at(-1)).toMatchObject({ event: 'ended', reason: 'rejected' });
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

describe('when the homeserver fails', () => {
  it('401 ends the observation with the error, and the token of the session', async () => {
    const { platform, homeserver, observer, one, records } = setUp();
    const observing = await observer();
    homeserver.instead.push(json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'gone' }));
    homeserver.stir();
    await platform.advance(0);
    const last = one(observing);
    expect([kind(last), observeOf(last)]).toEqual(['CON 4.01', undefined]);
    expect(bodyOf(last)).toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
    observing.ack(last);
    homeserver.send('a');
    await platform.advance(HOUR);
    expect(observing.received()).toEqual([]);
    expect(homeserver.waiting).toBe(0);
    expect(records.at(-1)).toMatchObject({ event: 'ended' });
  });

  it.each([429, 500, 502, 503, 504])(
    '%i is not told: it is asked again, ever more seldom, and the news arrive',
    async (status) => {
      const { platform, homeserver, observer } = setUp();
      const observing = await observer();
      homeserver.instead.push(...Array.from({ length: 12 }, () => json(status, { errcode: 'M_UNKNOWN', error: '' })));
      homeserver.stir();
      homeserver.send('a');
      await platform.advance(2 * MINUTE);
      const asked = homeserver.targets().length;
      expect(asked).toBeGreaterThan(5);
      expect(asked).toBeLessThan(10);
      expect(observing.received()).toEqual([]);
      await platform.advance(10 * MINUTE);
      expect(contents(observing.received()[0]!)).toEqual(['a']);
    },
  );

  it('is not asked before it wants to be', async () => {
    const { platform, homeserver, observer, one } = setUp();
    const observing = await observer();
    homeserver.instead.push(json(429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 90_000 }));
    homeserver.stir();
    homeserver.send('a');
    await platform.advance(89 * SECOND);
    expect(homeserver.targets()).toEqual([]);
    await platform.advance(SECOND);
    expect(contents(one(observing))).toEqual(['a']);
  });

  it('answers that are none of /sync are treated as failures', async () => {
    const { platform, homeserver, observer } = setUp();
    const observing = await observer();
    homeserver.instead.push(json(200, []), { status: 200, headers: [], body: new TextEncoder().encode('<html>') });
    homeserver.stir();
    homeserver.send('a');
    await platform.advance(10 * SECOND);
    expect(contents(observing.received()[0]!)).toEqual(['a']);
  });
});

describe('sliding sync', () => {
  const request = { lists: { all: { ranges: [[0, 9]] } }, extensions: { to_device: { enabled: true, limit: 5 } } };
  const registration = {
    path: SLIDING,
    code: Code.FETCH,
    options: [ANNOUNCE, uintOption(OptionNumber.ContentFormat, 60)],
    payload: encodeJson(JSON.stringify(request)),
  };
  const answer = (pos: string, nextBatch: string, rooms: object = {}) =>
    json(200, { pos, rooms, extensions: { to_device: { next_batch: nextBatch, events: [] } } });

  it('is observed with FETCH; pos and the cursor of to-device messages move with what is acknowledged', async () => {
    const { platform, homeserver, client } = setUp();
    const asked = () =>
      homeserver.requests.splice(0).map(({ method, target, body }) => ({
        method,
        query: target.split('?')[1],
        toDevice: JSON.parse(new TextDecoder().decode(body)).extensions.to_device,
      }));
    homeserver.instead.push(answer('1', '5'));
    const observing = client();
    observing.register(['pos=0'], registration);
    await platform.advance(0);
    expect(observing.received().map(observeOf)).toHaveLength(1);
    expect(asked()).toEqual([
      { method: 'POST', query: 'pos=0&timeout=0', toDevice: { enabled: true, limit: 5 } },
      { method: 'POST', query: 'pos=1&timeout=30000', toDevice: { enabled: true, limit: 5, since: '5' } },
    ]);

    homeserver.instead.push(answer('2', '6'));
    homeserver.stir();
    await platform.advance(SECOND);
    expect(observing.received()).toEqual([]);
    expect(asked()).toMatchObject([{ query: 'pos=1&timeout=30000', toDevice: { since: '5' } }]);

    homeserver.instead.push(answer('3', '7', { '!r:x': { name: 'Room' } }));
    homeserver.stir();
    await platform.advance(0);
    const [push] = observing.received();
    expect(bodyOf(push!)).toMatchObject({ pos: '3', rooms: { '!r:x': { name: 'Room' } } });
    expect(asked()).toEqual([]);
    observing.ack(push!);
    await platform.advance(0);
    expect(asked()).toMatchObject([{ query: 'pos=3&timeout=30000', toDevice: { since: '7' } }]);
  });

  it('ends with the error when its position is not known any more', async () => {
    const { platform, homeserver, client } = setUp();
    homeserver.instead.push(answer('1', '5'));
    const observing = client();
    observing.register(['pos=0'], registration);
    await platform.advance(0);
    observing.received();
    homeserver.instead.push(json(400, { errcode: 'M_UNKNOWN_POS', error: '' }));
    homeserver.stir();
    await platform.advance(0);
    const [last] = observing.received();
    expect([kind(last!), bodyOf(last!)]).toMatchObject(['CON 4.00', { errcode: 'M_UNKNOWN_POS' }]);
  });
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
