import { type CoapMessage, Code, uintOption } from '@lb-matrix/coap-codec';
import {
  createClientSession,
  Feature,
  PrivateOption,
  type ReadAnswer,
  requestToCoap,
  responseToHttp,
} from '@lb-matrix/msc3079-mapper';
import { describe, expect, it } from 'vitest';
import { SECOND, setUp } from '../support/observing.ts';
import type { RawClient } from '../support/raw-client.ts';

const ANNOUNCE = uintOption(PrivateOption.Features, Feature.ExactCodes | Feature.Lean);

/** What a client knows of one observation that it registered from `since`. */
function observation(since: string) {
  const session = createClientSession({ keyTable: 0, lean: true });
  const request = requestToCoap(
    { method: 'GET', target: `/_matrix/client/v3/sync?since=${since}`, headers: [] },
    session,
  );
  let known: ReadAnswer['known'] | undefined;
  return (message: CoapMessage): unknown => {
    const answer = responseToHttp(message, request, session, known);
    known = answer.known;
    const { to_device } = JSON.parse(new TextDecoder().decode(answer.body));
    return to_device?.events.map(({ content }: { content: unknown }) => content) ?? [];
  };
}

function leanSetUp() {
  const all = setUp({}, { lean: true });
  const { platform, one } = all;
  const register = async (client: RawClient, since: string, token = 1) => {
    client.register([`since=${since}`], { options: [ANNOUNCE], token });
    await platform.advance(0);
    return client.received().find(({ code }) => code !== Code.Empty)!;
  };
  const push = async (client: RawClient, content: string) => {
    all.homeserver.send(content);
    await platform.advance(0);
    return one(client);
  };
  return { ...all, register, push };
}

/** Which answer a lean body refers to. */
const generation = ({ payload }: CoapMessage): number => payload[0]! - 0xc0;

describe('a lean push', () => {
  it('refers to the last answer that was acknowledged', async () => {
    const { client, register, push } = leanSetUp();
    const observing = client();
    const read = observation('s0');
    // Without news the answer is not acknowledged by itself: nobody knows that it arrived.
    const first = await register(observing, 's0');
    expect([generation(first), read(first)]).toEqual([0, []]);
    const a = await push(observing, 'a');
    expect([generation(a), read(a)]).toEqual([0, ['a']]);
    observing.ack(a);
    const b = await push(observing, 'b');
    expect([generation(b), read(b)]).toEqual([1, ['b']]);
    observing.ack(b);
    const c = await push(observing, 'c');
    expect([generation(c), read(c)]).toEqual([2, ['c']]);
  });

  it('that was not acknowledged is written anew for a registration that knows nothing of the ones before', async () => {
    const { client, register, push } = leanSetUp();
    const observing = client();
    await register(observing, 's0');
    const a = await push(observing, 'a');
    observing.ack(a);
    const b = await push(observing, 'b');
    expect(generation(b)).toBe(1);
    // The same question, from the same place, with another token: R20.
    const again = await register(observing, 's1', 2);
    const read = observation('s1');
    expect([generation(again), read(again)]).toEqual([0, ['b']]);
  });

  it('that the client has shown otherwise to have is not referred to', async () => {
    const { client, platform, register, homeserver } = leanSetUp();
    const observing = client();
    const read = observation('s0');
    read(await register(observing, 's0'));
    homeserver.send('a');
    await platform.advance(0);
    const [a] = observing.received();
    expect(read(a!)).toEqual(['a']);
    // It goes on from there elsewhere, and this observation goes on as well.
    observing.register(['since=s1'], { options: [ANNOUNCE], token: 2 });
    await platform.advance(0);
    observing.received();
    homeserver.send('b');
    await platform.advance(100 * SECOND);
    const pushes = observing.received().filter(({ token, payload }) => token[0] === 1 && payload.length > 0);
    expect(pushes.map((push) => [generation(push), read(push)])).toContainEqual([0, ['b']]);
  });

  it('is not made for a client that did not ask for it', async () => {
    const { observer, homeserver, platform, one } = leanSetUp();
    const plain = await observer();
    homeserver.send('a');
    await platform.advance(0);
    const a = one(plain);
    expect(a.payload[0]).toBeGreaterThan(0xa0);
    expect(a.payload[0]).toBeLessThan(0xc0);
    plain.ack(a);
    homeserver.send('b');
    await platform.advance(0);
    expect(one(plain).payload[0]).toBeLessThan(0xc0);
  });
});
