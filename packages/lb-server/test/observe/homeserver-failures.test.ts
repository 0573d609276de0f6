import { Code } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { contents, HOUR, MINUTE, SECOND, setUp } from '../support/observing.ts';
import { bodyOf, kind, observeOf } from '../support/raw-client.ts';
import { json } from '../support/upstream.ts';

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

  it('401 is told to a client that was out of reach when it comes back', async () => {
    const { platform, homeserver, observer } = setUp();
    const observing = await observer();
    observing.reachable = false;
    homeserver.instead.push(json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'gone' }));
    homeserver.stir();
    await platform.advance(HOUR);
    observing.reachable = true;
    observing.send({ code: Code.Empty });
    await platform.advance(0);
    const [, last] = observing.received();
    expect([kind(last!), bodyOf(last!)]).toMatchObject(['CON 4.01', { errcode: 'M_UNKNOWN_TOKEN' }]);
    observing.ack(last!);
    await platform.advance(HOUR);
    expect(observing.received()).toEqual([]);
    expect(homeserver.waiting).toBe(0);
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
