import { Code, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { contents, HOUR, MINUTE, SECOND, setUp } from '../support/observing.ts';
import { kind } from '../support/raw-client.ts';

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
