import { blockOption, findBlock } from '@lb-matrix/blockwise';
import { Code, findOption, OptionNumber, Type, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { EndpointError, sharedState } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, NONE, parse, path, text } from './support/messages.ts';

/** GET /obs with Observe 0, token 77, Message ID 5. */
const REGISTER = '41 01 0005 77 60 53 6f6273';
const plain = (payload: string) => ({
  code: Code.Content,
  options: [uintOption(OptionNumber.ContentFormat, 0)],
  payload: text(payload),
});
const registration = (messageId: number, token = 0x77, options = path('obs')) =>
  datagram({
    code: Code.GET,
    messageId,
    token: Uint8Array.of(token),
    options: [uintOption(OptionNumber.Observe, 0), ...options],
  });
const serving = (options = {}) => new Engine({ server: options });
const outcomes = (engine: Engine) =>
  engine
    .events()
    .map((event) => (event.kind === 'notified' ? event.outcome : event.kind === 'unobserved' ? [event.reason] : event));

describe('a registration (RFC 7641 section 4.1)', () => {
  it('is accepted: the answer and each notification carry Observe, and each its own Message ID', () => {
    const server = serving();
    server.receive(REGISTER);
    const { id, observe } = server.request1();
    expect(observe).toBe(true);
    const observation = server.endpoint.accept(id, 0)!;
    expect(server.respond(id, plain('a'))).toEqual(['61450005776101' + '60ff61']);
    expect(server.notify(observation, plain('b'))).toEqual(['41450000776102' + '60ff62']);
    expect(server.receive('60 00 0000')).toEqual([]);
    expect(server.notify(observation, plain('c'))).toEqual(['41450001776103' + '60ff63']);
    server.receive('60 00 0001');
    expect(outcomes(server)).toEqual([
      { kind: 'established', id: observation, outcome: 'sent' },
      'acknowledged',
      'acknowledged',
    ]);
    expect(server.pass(200_000)).toEqual([]);
  });

  it('that is not accepted is an ordinary request', () => {
    const server = serving();
    server.receive(REGISTER);
    expect(server.respond(server.request1().id, plain('a'))).toEqual(['614500057' + '7c0ff61']);
  });

  it('that is answered with an error is none', () => {
    const server = serving();
    const observation = server.register(REGISTER, { code: Code.NotFound, options: [], payload: NONE });
    expect(outcomes(server)).toEqual([['ended']]);
    expect(server.notify(observation, plain('b'))).toEqual([]);
    expect(outcomes(server)).toEqual(['ended']);
  });

  it('of the same token takes the place of the one before, whatever its Message ID', () => {
    const server = serving();
    const first = server.register(REGISTER, plain('a'));
    server.notify(first, plain('b'));
    const second = server.register(registration(6), plain('c'));
    // The first is no longer repeated.
    expect(server.pass(100_000)).toEqual([]);
    expect(server.notify(first, plain('d'))).toEqual([]);
    expect(server.notify(second, plain('e'))).toHaveLength(1);
  });

  it('tells what became of the one before and of its notification on the way', () => {
    const server = serving();
    server.notify(server.register(REGISTER, plain('a')), plain('b'));
    server.receive(registration(6));
    const [notified, unobserved, request] = server.events();
    expect(notified).toMatchObject({ kind: 'notified', outcome: 'ended' });
    expect(unobserved).toMatchObject({ kind: 'unobserved', reason: 'replaced' });
    expect(request).toMatchObject({ kind: 'request', observe: true });
  });

  it('under one Message ID, as existing clients make all of theirs, is told apart by its token', () => {
    const server = serving();
    const ids = [1, 2, 3].map((token) => server.register(registration(0, token), plain('a')));
    expect(ids).toEqual([0, 1, 2]);
    server.notify(ids[1]!, plain('b'));
    // Their Empty ACK keeps the token.
    server.receive('61 00 0000 02');
    expect(outcomes(server)).toEqual(['acknowledged']);
  });

  it('is for GET and FETCH only, and not for a later block', () => {
    const observed = (code: number, options = path('obs')) => {
      const server = serving();
      server.receive(datagram({ code, options: [uintOption(OptionNumber.Observe, 0), ...options], payload: NONE }));
      return server.request1().observe;
    };
    expect(observed(Code.FETCH)).toBe(true);
    expect(observed(Code.PUT)).toBe(false);
    const later = [...path('obs'), blockOption(OptionNumber.Block2, { num: 1, more: false, szx: 0 })];
    expect(observed(Code.GET, later)).toBe(false);
  });

  it('beyond the limits is an ordinary request, and fits again when another has ended', () => {
    const shared = sharedState({}, undefined, 3);
    const alice = serving({ shared, session: { alice: true }, maxObservations: 2 });
    const bob = serving({ shared, session: { bob: true }, maxObservations: 2 });
    const first = alice.register(registration(1, 1), plain('a'));
    alice.register(registration(2, 2), plain('a'));
    expect(() => alice.register(registration(3, 3), plain('a'))).toThrow('not accepted');
    bob.register(registration(1, 1), plain('a'));
    expect(() => bob.register(registration(2, 2), plain('a'))).toThrow('not accepted');
    alice.endpoint.unobserve(first, undefined, 0);
    bob.register(registration(3, 3), plain('a'));
    expect(shared.observations.used).toBe(3);
    for (const engine of [alice, bob]) engine.endpoint.close(new EndpointError('closed', 'closed_here', ''), 0);
    expect(shared.observations.used).toBe(0);
  });

  it('that is answered separately is notified only when the answer has been acknowledged', () => {
    const server = serving();
    server.receive(REGISTER);
    const { id } = server.request1();
    const observation = server.endpoint.accept(id, 0)!;
    expect(server.acknowledge(id)).toEqual(['60000005']);
    expect(server.respond(id, plain('a'))).toEqual(['4145000077610160ff61']);
    expect(server.notify(observation, plain('b'))).toEqual([]);
    expect(server.receive('60 00 0000')).toEqual(['4145000177610260ff62']);
  });

  it('ends with the answer when that is reset or lost', () => {
    for (const [end, reason] of [
      [(server: Engine) => server.receive('70 00 0000'), 'rejected'],
      [(server: Engine) => server.pass(100_000), 'lost'],
    ] as const) {
      const server = serving();
      server.receive(REGISTER);
      const { id } = server.request1();
      server.endpoint.accept(id, 0);
      server.acknowledge(id);
      server.respond(id, plain('a'));
      end(server);
      expect(server.events()).toMatchObject([
        { kind: 'established', outcome: reason },
        { kind: 'unobserved', reason },
        { kind: 'cancelled' },
      ]);
    }
  });
});

describe('notifications (RFC 7641 sections 4.2 to 4.5)', () => {
  it('go one at a time; of those that wait the newest goes, the others count as superseded', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    expect(server.notify(observation, plain('b'))).toHaveLength(1);
    for (const state of ['c', 'd', 'e']) expect(server.notify(observation, plain(state))).toEqual([]);
    expect(server.receive('60 00 0000')).toEqual(['4145000177610360ff65']);
    server.receive('60 00 0001');
    expect(outcomes(server)).toEqual(['superseded', 'superseded', 'acknowledged', 'acknowledged']);
  });

  it('are repeated with the Observe value of the time, under their Message ID', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    server.notify(observation, plain('b'));
    expect(server.pass(20_000)).toEqual([
      [2000, '4145000077610360ff62'],
      [6000, '4145000077610460ff62'],
      [14_000, '4145000077610560ff62'],
    ]);
  });

  it('are superseded where they would be repeated: another Message ID, the same timer and count (4.5.2)', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    server.notify(observation, plain('b'));
    server.pass(3000);
    server.notify(observation, plain('c'));
    expect(server.pass(100_000)).toEqual([
      [6000, '4145000177610460ff63'],
      [14_000, '4145000177610560ff63'],
      [30_000, '4145000177610660ff63'],
    ]);
    expect(outcomes(server)).toEqual(['superseded', 'lost', ['lost']]);
  });

  it('of an older state that are acknowledged late end nothing; reset late they end the observation', () => {
    for (const [answer, ends] of [
      ['60 00 0000', false],
      ['70 00 0000', true],
    ] as const) {
      const server = serving();
      const observation = server.register(REGISTER, plain('a'));
      server.notify(observation, plain('b'));
      server.notify(observation, plain('c'));
      server.pass(3000);
      server.receive(answer);
      expect(outcomes(server)).toEqual(ends ? ['superseded', 'rejected', ['rejected']] : ['superseded']);
      expect(server.pass(4000)).toHaveLength(ends ? 0 : 1);
    }
  });

  it('that stay without acknowledgement end the observation, and tell so', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    server.notify(observation, plain('b'));
    server.pass(100_000);
    expect(outcomes(server)).toEqual(['lost', ['lost']]);
    expect(server.notify(observation, plain('c'))).toEqual([]);
    expect(outcomes(server)).toEqual(['ended']);
    expect(server.endpoint.pollTimeout()).toBeDefined();
    server.pass(300_000);
    expect(server.endpoint.pollTimeout()).toBeUndefined();
  });

  it('of all observations of a peer keep within NSTART (4.5.1)', () => {
    const server = serving();
    const ids = [1, 2, 3].map((token) => server.register(registration(token, token), plain('a')));
    expect(ids.flatMap((id) => server.notify(id, plain('b')))).toHaveLength(1);
    // What waits says what is true when its turn comes.
    server.notify(ids[1]!, plain('c'));
    expect(server.receive('60 00 0000')).toEqual(['4145000102610560ff63']);
    expect(server.receive('60 00 0001')).toEqual(['4145000203610660ff62']);
  });

  it('as NON keep 3 s between them, of which the newest goes; one in 24 hours is a CON (4.5, 4.5.1)', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    const non = { confirmable: false };
    expect(server.notify(observation, plain('b'), non)).toEqual(['5145000077610260ff62']);
    for (const state of ['c', 'd']) expect(server.notify(observation, plain(state), non)).toEqual([]);
    expect(server.pass(10_000)).toEqual([[3000, '5145000177610360ff64']]);
    expect(outcomes(server)).toEqual(['sent', 'superseded', 'sent']);
    server.pass(24 * 3_600_000);
    expect(server.notify(observation, plain('e'), non)).toEqual(['4145000277610460ff65']);
    server.receive('60 00 0002');
    expect(server.notify(observation, plain('f'), non)).toEqual(['5145000377610560ff66']);
    // A Reset to a NON ends it as well.
    server.receive('70 00 0003');
    expect(outcomes(server)).toEqual(['acknowledged', 'sent', ['rejected']]);
  });

  it('that are errors, or in another Content-Format (4.06), carry no Observe and are the last', () => {
    for (const [response, hex] of [
      [{ code: Code.NotFound, options: [], payload: NONE }, '4184000077'],
      [content('json'), '4186000077'],
    ] as const) {
      const server = serving();
      const observation = server.register(REGISTER, plain('a'));
      expect(server.notify(observation, response, { confirmable: false })).toEqual([hex]);
      expect(server.notify(observation, plain('c'))).toEqual([]);
      server.receive('60 00 0000');
      expect(outcomes(server)).toEqual(['ended', 'acknowledged', ['ended']]);
    }
  });

  it('may be a last one by the wish of the handler, or none', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    server.endpoint.unobserve(observation, plain('bye'), 0);
    expect(server.sent()).toEqual(['4145000077' + 'c0ff627965']);
    server.receive('60 00 0000');
    expect(outcomes(server)).toEqual(['acknowledged', ['ended']]);
    const silent = server.register(registration(6), plain('a'));
    server.endpoint.unobserve(silent, undefined, 0);
    expect(server.sent()).toEqual([]);
    expect(outcomes(server)).toEqual([['ended']]);
  });

  it("that cannot be sent are the caller's mistake, at once; what fits nowhere ends the observation with 5.00", () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    expect(() => server.notify(observation, { code: Code.GET, options: [], payload: NONE })).toThrow();
    const options = [uintOption(OptionNumber.ContentFormat, 0), ...path('x'.repeat(255))];
    server.maxPayload = 250;
    expect(server.notify(observation, { code: Code.Content, options, payload: bodyOf(1200) })).toEqual(['41a0000077']);
  });

  it('end with the session', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    server.notify(observation, plain('b'));
    server.notify(observation, plain('c'));
    server.endpoint.close(new EndpointError('closed', 'closed_here', ''), 0);
    expect(outcomes(server)).toEqual(['ended', 'ended', ['closed']]);
  });
});

describe('the end of an observation', () => {
  it('is a GET with Observe 1 and its token: answered without Observe (3.6, 4.1)', () => {
    const server = serving();
    server.register(REGISTER, plain('a'));
    server.receive('41 01 0006 77 61 01 53 6f6273');
    const [unobserved, request] = server.events();
    expect(unobserved).toMatchObject({ kind: 'unobserved', reason: 'cancelled' });
    expect(request).toMatchObject({ kind: 'request', observe: false });
    const { id } = request as { id: number };
    expect(server.endpoint.accept(id, 0)).toBeUndefined();
    expect(server.respond(id, plain('b'))).toEqual(['6145000677c0ff62']);
  });

  it('is no GET without Observe, and none with another token', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    for (const hex of ['41 01 0006 77 b3 6f6273', '41 01 0007 78 61 01 53 6f6273']) {
      server.receive(hex);
      server.respond(server.request1().id, plain('b'));
    }
    expect(server.notify(observation, plain('c'))).toHaveLength(1);
  });
});

describe('a notification in blocks (RFC 7959 sections 2.6 and 3.4)', () => {
  const ask = (num: number, messageId: number, token: number) =>
    datagram({
      code: Code.GET,
      messageId,
      token: Uint8Array.of(token),
      options: [...path('obs'), blockOption(OptionNumber.Block2, { num, more: false, szx: 6 })],
    });
  const large = (seed: number) => ({ ...plain(''), payload: bodyOf(2500, seed) });

  it('R21: is its first block with an ETag; the GETs that follow fetch the rest of exactly that body', () => {
    const server = serving();
    const observation = server.register(REGISTER, large(1));
    const first = parse(fromHex(server.notify(observation, large(2))[0]!));
    expect(findBlock(first.options, OptionNumber.Block2)).toEqual({ num: 0, more: true, szx: 6 });
    expect(uintValue(first.options, OptionNumber.Observe)).toBe(2);
    const rest = [1, 2].map((num) => parse(fromHex(server.receive(ask(num, 20 + num, 0x99))[0]!)));
    expect(Buffer.concat([first, ...rest].map(({ payload }) => payload)).equals(bodyOf(2500, 2))).toBe(true);
    for (const { options } of rest) {
      expect(findOption(options, OptionNumber.ETag)).toEqual(findOption(first.options, OptionNumber.ETag));
      expect(findOption(options, OptionNumber.Observe)).toBeUndefined();
    }
    server.receive('60 00 0000');
    expect(outcomes(server)).toEqual(['acknowledged']);
  });

  it('that is repeated does not begin its body anew', () => {
    const server = serving();
    const observation = server.register(REGISTER, plain('a'));
    server.notify(observation, large(2));
    server.receive(ask(1, 21, 0x99));
    expect(server.pass(8500)).toHaveLength(1);
    expect(parse(fromHex(server.receive(ask(2, 22, 0x99))[0]!)).payload).toEqual(bodyOf(2500, 2).subarray(2048));
  });

  it('has blocks no larger than the registration asked for', () => {
    const server = serving();
    const options = [...path('obs'), blockOption(OptionNumber.Block2, { num: 0, more: false, szx: 2 })];
    const observation = server.register(registration(5, 0x77, options), plain('a'));
    const [hex] = server.notify(observation, large(2));
    expect(findBlock(parse(fromHex(hex!)).options, OptionNumber.Block2)).toEqual({ num: 0, more: true, szx: 2 });
  });

  it('leaves room for the longest Observe value', () => {
    const server = serving();
    // Sizes at which a body without Observe fits and one with it does not.
    for (let size = 1200; size < 1232; size++) {
      const observation = server.register(registration(size), { ...plain(''), payload: bodyOf(size) });
      const [hex] = server.notify(observation, { ...plain(''), payload: bodyOf(size, 2) });
      expect(hex!.length / 2).toBeLessThanOrEqual(1232);
      expect(parse(fromHex(hex!)).type).toBe(Type.CON);
      server.endpoint.unobserve(observation, undefined, 0);
    }
  });
});
