import { OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND, setUp } from '../support/observing.ts';
import { observeOf } from '../support/raw-client.ts';

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
