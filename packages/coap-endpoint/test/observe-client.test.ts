import { blockOption, findBlock } from '@lb-matrix/blockwise';
import { type CoapOption, Code, findOption, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import type { ObserveMode } from '../src/index.ts';
import { EndpointError } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, datagram, fromHex, get, NONE, parse, put, text } from './support/messages.ts';

// With all random bytes zero: Message IDs from 0, tokens from 1, waits of exactly ACK_TIMEOUT.
const REGISTER = '44010000' + '00000001' + '60536f6273';
const token = (n: number) => Uint8Array.of(0, 0, 0, n);
/** A response with an Observe value, unless that is `undefined`. */
const state = (
  type: Type,
  messageId: number,
  observe: number | undefined,
  payload: Uint8Array | string,
  options: CoapOption[] = [],
  n = 1,
) =>
  datagram({
    type,
    messageId,
    code: Code.Content,
    token: token(n),
    options: [...(observe === undefined ? [] : [uintOption(OptionNumber.Observe, observe)]), ...options],
    payload: typeof payload === 'string' ? text(payload) : payload,
  });
const notification = (messageId: number, observe: number, payload: Uint8Array | string, options: CoapOption[] = []) =>
  state(Type.CON, messageId, observe, payload, options);
/** What was handed over since the last look. */
const states = (client: Engine) =>
  client.events().map((event) => {
    if (event.kind !== 'notification') return event;
    const said = new TextDecoder().decode(event.response.payload);
    return event.last ? [said] : said;
  });

/** An observation of /obs whose registration was answered with Observe 10. */
function observing(mode: ObserveMode = {}): { client: Engine; id: number } {
  const client = new Engine();
  const id = client.observe(get('obs'), mode);
  expect(client.sent()).toEqual([REGISTER]);
  expect(client.receive(state(Type.ACK, 0, 10, 'a'))).toEqual([]);
  expect(states(client)).toEqual(['a']);
  return { client, id };
}

describe('an observation (RFC 7641 section 3)', () => {
  it('is a GET with Observe 0, its answer, and CON and NON notifications with its token', () => {
    const { client } = observing();
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['60001000']);
    expect(client.receive(state(Type.NON, 0x1001, 12, 'c'))).toEqual([]);
    expect(states(client)).toEqual(['b', 'c']);
  });

  it('may be registered by a separate response, or by a notification that comes before the answer', () => {
    for (const [first, second] of [
      [['60 00 0000'], 'a'],
      [[], 'a'],
    ] as const) {
      const client = new Engine();
      client.observe(get('obs'));
      client.sent();
      for (const hex of first) client.receive(hex);
      expect(client.receive(notification(0x1000, 10, second))).toEqual(['60001000']);
      expect(states(client)).toEqual(['a']);
      expect(client.pass(60_000)).toEqual([]);
    }
  });

  it('as a NON is registered by a NON', () => {
    const client = new Engine();
    client.observe({ ...get('obs'), confirmable: false });
    expect(client.sent()).toEqual(['54010000' + '00000001' + '60536f6273']);
    client.receive(state(Type.NON, 9, 1, 'a'));
    expect(states(client)).toEqual(['a']);
  });

  it('is over with an answer that has no Observe, which is handed over (4.1)', () => {
    const client = new Engine();
    client.observe(get('obs'));
    client.sent();
    client.receive(state(Type.ACK, 0, undefined, 'a'));
    expect(states(client)).toEqual([['a']]);
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['70001000']);
    client.pass(400_000);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });

  it('is over with an error, which is acknowledged and handed over (3.2)', () => {
    const { client } = observing();
    const gone = datagram({ code: Code.NotFound, messageId: 0x1000, token: token(1) });
    expect(client.receive(gone)).toEqual(['60001000']);
    expect(client.events()).toMatchObject([{ kind: 'notification', last: true, response: { code: Code.NotFound } }]);
    expect(client.receive(notification(0x1001, 12, 'c'))).toEqual(['70001001']);
    expect(client.receive(gone)).toEqual(['60001000']);
  });

  it('fails when the registration does', () => {
    const client = new Engine();
    const id = client.observe(get('obs'));
    client.sent();
    client.pass(100_000);
    expect(client.events()).toMatchObject([{ kind: 'failed', id, error: { reason: 'no_acknowledgement' } }]);
    const other = new Engine();
    other.observe(get('obs'));
    other.sent();
    other.receive('70 00 0000');
    expect(other.events()).toMatchObject([{ kind: 'failed', error: { code: 'reset' } }]);
  });

  it('fails with a critical option that we do not know: the notification is reset, each time it comes', () => {
    const { client } = observing();
    const unknown = notification(0x1000, 11, 'b', [{ number: 65_001, value: NONE }]);
    expect(client.receive(unknown)).toEqual(['70001000']);
    expect(client.receive(unknown)).toEqual(['70001000']);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { reason: 'bad_option' } }]);
  });

  it('fails with the endpoint', () => {
    const { client, id } = observing();
    const error = new EndpointError('closed', 'closed_here', '');
    client.endpoint.close(error, 0);
    expect(client.events()).toEqual([{ kind: 'failed', id, error }]);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });

  it('is refused for another method, an Observe of the caller, what is observed already, and what needs blocks', () => {
    const { client } = observing();
    for (const [request, reason] of [
      [put(NONE, 'obs'), 'invalid_request'],
      [{ ...get('b'), options: [uintOption(OptionNumber.Observe, 0)] }, 'invalid_request'],
      [get('obs'), 'invalid_request'],
      [get(...Array.from({ length: 6 }, () => 'x'.repeat(250))), 'request_too_large'],
      [{ code: Code.FETCH, options: [], payload: bodyOf(1500) }, 'request_too_large'],
    ] as const) {
      expect(() => client.observe(request)).toThrow(expect.objectContaining({ code: 'refused', reason }));
    }
  });

  it('keeps its token from being used again', () => {
    const client = new Engine({ tokenLength: 2, transmission: { nstart: 1000 } });
    client.observe(get('obs'));
    client.sent();
    client.receive(
      datagram({
        type: Type.ACK,
        code: Code.Content,
        messageId: 0,
        token: Uint8Array.of(0, 1),
        options: [uintOption(OptionNumber.Observe, 1)],
      }),
    );
    const seen = new Set<string>();
    for (let i = 0; i < 65_535; i++) {
      client.now += 10;
      const id = client.request({ ...get('a'), confirmable: false });
      for (const hex of client.sent()) seen.add(hex.slice(8, 12));
      client.endpoint.cancel(id, client.now);
    }
    expect(seen.has('0001')).toBe(false);
    expect(seen.size).toBeGreaterThan(30_000);
  });
});

describe('the order of notifications (RFC 7641 section 3.4)', () => {
  it.each([
    [10, 11, 0, true],
    [10, 10, 0, false],
    [10, 9, 0, false],
    [10, 10 + 0x7f_ffff, 0, true],
    [10, 10 + 0x80_0000, 0, false],
    [0xff_ffff, 0, 0, true],
    [0x80_0005, 4, 0, true],
    [0x80_0005, 5, 0, false],
    [10, 9, 128_000, false],
    [10, 9, 128_001, true],
  ])('after %i comes %i, %i ms later: fresher is %s', (v1, v2, later, fresher) => {
    const client = new Engine();
    client.observe(get('obs'), { reregister: false });
    client.sent();
    client.receive(state(Type.ACK, 0, v1, 'a'));
    client.now = later;
    // Whatever is older is acknowledged all the same.
    expect(client.receive(notification(0x1000, v2, 'b'))).toEqual(['60001000']);
    expect(states(client)).toEqual(fresher ? ['a', 'b'] : ['a']);
  });

  it('knows a notification that comes again, under its Message ID, whatever its Observe value is now', () => {
    const { client } = observing();
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['60001000']);
    expect(client.receive(notification(0x1000, 12, 'b'))).toEqual(['60001000']);
    expect(states(client)).toEqual(['b']);
  });

  it('leaves a notification that could not be recognised again for later', () => {
    const client = new Engine({ maxDuplicates: 1 });
    client.observe(get('obs'));
    client.sent();
    client.receive(state(Type.ACK, 0, 10, 'a'));
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['60001000']);
    expect(client.receive(notification(0x1001, 12, 'c'))).toEqual([]);
    expect(states(client)).toEqual(['a', 'b']);
  });
});

describe('freshness (RFC 7641 section 3.3.1)', () => {
  it('over Max-Age registers again 5 s later, with the same token and options', () => {
    const { client } = observing();
    client.receive(notification(0x1000, 11, 'b', [uintOption(OptionNumber.MaxAge, 7)]));
    expect(client.pass(13_000)).toEqual([[12_000, REGISTER.replace('44010000', '44010001')]]);
    // A server that was restarted counts from anywhere.
    client.receive(state(Type.ACK, 1, 3, 'c'));
    client.receive(notification(0x1001, 4, 'd'));
    expect(states(client)).toEqual(['b', 'c', 'd']);
    // The default of Max-Age is 60 s.
    expect(client.pass(66_000).map(([at]) => at)).toEqual([78_000]);
  });

  it('waits up to 15 s', () => {
    const client = new Engine({ randomBytes: (length) => new Uint8Array(length).fill(0xff) });
    client.observe(get('obs'));
    const [hex] = client.sent();
    const first = parse(fromHex(hex!));
    const options = [uintOption(OptionNumber.Observe, 1)];
    client.receive(datagram({ ...first, type: Type.ACK, code: Code.Content, options }));
    const [[at]] = client.pass(76_000) as [[number, string]];
    expect(Math.round(at)).toBe(75_000);
  });

  it('is of no concern when the caller says so', () => {
    const { client } = observing({ reregister: false });
    expect(client.pass(1_000_000)).toEqual([]);
    client.receive(notification(0x1000, 11, 'b'));
    expect(states(client)).toEqual(['b']);
  });

  it('fails the observation when nobody answers the new registration', () => {
    const { client } = observing();
    client.pass(65_000);
    client.pass(100_000);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { reason: 'no_acknowledgement' } }]);
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['70001000']);
  });

  it('is kept by a notification that crosses a new registration; the answer to that counts if it is newer', () => {
    for (const [observe, expected] of [
      [12, ['b', 'c']],
      [10, ['b']],
    ] as const) {
      const { client } = observing();
      client.pass(65_000);
      expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['60001000']);
      client.receive(state(Type.ACK, 1, observe, 'c'));
      expect(states(client)).toEqual(expected);
    }
  });

  it('survives a new registration that is not answered while notifications come', () => {
    const { client } = observing();
    client.pass(65_000);
    client.receive(notification(0x1000, 11, 'b', [uintOption(OptionNumber.MaxAge, 1000)]));
    expect(client.pass(100_000)).toHaveLength(4);
    expect(states(client)).toEqual(['b']);
    client.receive(notification(0x1001, 12, 'c'));
    expect(states(client)).toEqual(['c']);
  });
});

describe('registrations', () => {
  it('do not pile up: a new one takes the place of one that is not answered yet', () => {
    const { client } = observing();
    client.pass(65_000);
    const soon = [uintOption(OptionNumber.MaxAge, 0)];
    client.receive(notification(0x1000, 11, 'b', soon));
    // 5 s later, while the one of 65 s would be repeated at 71 s and at 79 s.
    const ids = client.pass(20_000).map(([at, hex]) => [at, parse(fromHex(hex)).messageId]);
    expect(ids).toEqual([
      [67_000, 1],
      [70_000, 2],
      [72_000, 2],
      [76_000, 2],
      [84_000, 2],
    ]);
  });

  it('that are over make no later notification the freshest', () => {
    const client = new Engine();
    client.observe(get('obs'));
    client.sent();
    client.receive('60 00 0000');
    client.receive(notification(0x1000, 10, 'a'));
    client.receive(notification(0x1001, 9, 'older'));
    expect(states(client)).toEqual(['a']);
  });
});

describe('the end of an observation (RFC 7641 section 3.6)', () => {
  it('is a GET with Observe 1 and its token; a notification that crosses it is reset', () => {
    const { client, id } = observing();
    client.endpoint.cancel(id, 0);
    expect(client.sent()).toEqual(['44010001' + '00000001' + '6101536f6273']);
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['70001000']);
    expect(client.pass(3000)).toHaveLength(1);
    client.receive(state(Type.ACK, 1, undefined, 'b'));
    expect(client.pass(300_000)).toEqual([]);
    expect(client.events()).toEqual([]);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });

  it('is silent when it is to be forgotten: the next notification is reset', () => {
    const { client, id } = observing({ forget: true });
    client.endpoint.cancel(id, 0);
    expect(client.sent()).toEqual([]);
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual(['70001000']);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });

  it('is told as well when the registration was on its way, and not when it was not sent', () => {
    const client = new Engine();
    const [first, second] = [client.observe(get('a')), client.observe(get('b'))];
    expect(client.sent()).toHaveLength(1);
    client.endpoint.cancel(second, 0);
    expect(client.sent()).toEqual([]);
    client.endpoint.cancel(first, 0);
    expect(client.sent()).toEqual(['440100010000000161015161']);
    client.pass(400_000);
    expect(client.events()).toEqual([]);
  });

  it('lets the same be observed again', () => {
    const { client, id } = observing({ forget: true });
    client.endpoint.cancel(id, 0);
    expect(client.observe(get('obs'))).toBe(1);
  });
});

describe('acknowledgement on consumption', () => {
  it('waits for it, however often the notification comes again; then each copy is acknowledged', () => {
    const { client, id } = observing({ acknowledgeConsumed: true });
    expect(client.receive(notification(0x1000, 11, 'b'))).toEqual([]);
    expect(client.receive(notification(0x1000, 12, 'b'))).toEqual([]);
    expect(states(client)).toEqual(['b']);
    client.endpoint.consume(id);
    expect(client.sent()).toEqual(['60001000']);
    expect(client.receive(notification(0x1000, 13, 'b'))).toEqual(['60001000']);
    client.endpoint.consume(id);
    expect(client.sent()).toEqual([]);
  });

  it('covers what has taken the place of another one, and not what is still being fetched', () => {
    const { client, id } = observing({ acknowledgeConsumed: true });
    client.receive(notification(0x1000, 11, 'b'));
    client.receive(notification(0x1001, 12, 'c'));
    const block = blockOption(OptionNumber.Block2, { num: 0, more: true, szx: 0 });
    client.receive(notification(0x1002, 13, bodyOf(16), [block]));
    client.endpoint.consume(id);
    expect(client.sent()).toEqual(['60001000', '60001001']);
  });

  it('is none when the observation ends before it: the server sends it again, and is reset', () => {
    const { client, id } = observing({ acknowledgeConsumed: true, forget: true });
    client.receive(notification(0x1000, 11, 'b'));
    client.endpoint.cancel(id, 0);
    expect(client.sent()).toEqual([]);
    client.endpoint.consume(id);
    expect(client.sent()).toEqual([]);
  });
});

describe('a notification in blocks (RFC 7959 sections 2.6 and 3.4)', () => {
  const body = bodyOf(40);
  const block = (num: number, etag: number, from = body): [Uint8Array, CoapOption[]] => [
    from.subarray(num * 16, num * 16 + 16),
    [
      { number: OptionNumber.ETag, value: Uint8Array.of(etag) },
      blockOption(OptionNumber.Block2, { num, more: num < 2, szx: 0 }),
    ],
  ];
  const asked = (datagrams: string[]) => {
    expect(datagrams).toHaveLength(1);
    const message = parse(fromHex(datagrams[0]!));
    expect(findOption(message.options, OptionNumber.Observe)).toBeUndefined();
    return { message, block: findBlock(message.options, OptionNumber.Block2) };
  };

  it('is acknowledged, and the rest is asked for with another token and without Observe', () => {
    const { client } = observing();
    const [ack, next] = client.receive(notification(0x1000, 11, ...block(0, 1)));
    expect(ack).toBe('60001000');
    const second = asked([next!]);
    expect(second.message.token).toEqual(token(2));
    expect(second.block).toEqual({ num: 1, more: false, szx: 0 });
    const third = asked(client.receive(state(Type.ACK, 1, undefined, ...block(1, 1), 2)));
    expect(third.block).toEqual({ num: 2, more: false, szx: 0 });
    client.receive(state(Type.ACK, 2, undefined, ...block(2, 1), 2));
    const [event] = client.events();
    expect(event).toMatchObject({ kind: 'notification', last: false, response: { payload: body } });
  });

  it('gives way to a newer one', () => {
    const { client } = observing();
    const [, first] = client.receive(notification(0x1000, 11, ...block(0, 1)));
    client.receive(notification(0x1001, 12, 'small'));
    expect(states(client)).toEqual(['small']);
    const { token: late } = parse(fromHex(first!));
    client.receive(datagram({ type: Type.ACK, code: Code.Content, messageId: 1, token: late, payload: body }));
    expect(states(client)).toEqual([]);
  });

  it('is asked for as a whole when the body has changed meanwhile', () => {
    const { client } = observing();
    client.receive(notification(0x1000, 11, ...block(0, 1)));
    const again = asked(client.receive(state(Type.ACK, 1, undefined, ...block(1, 2), 2)));
    expect(again.block).toBeUndefined();
    expect(again.message.token).toEqual(token(3));
    client.receive(state(Type.ACK, 2, undefined, 'now', [], 3));
    expect(states(client)).toEqual(['now']);
  });

  it('fails the observation when the rest cannot be had', () => {
    const { client } = observing({ reregister: false });
    client.receive(notification(0x1000, 11, ...block(0, 1)));
    client.pass(100_000);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { reason: 'no_acknowledgement' } }]);
    const other = observing({ reregister: false }).client;
    other.receive(notification(0x1000, 11, ...block(0, 1)));
    other.receive(state(Type.ACK, 1, undefined, ...block(2, 1), 2));
    expect(other.events()).toMatchObject([{ kind: 'failed', error: { reason: 'bad_block' } }]);
  });

  it('may be the answer to the registration, or the last one', () => {
    const client = new Engine();
    client.observe(get('obs'));
    client.sent();
    const second = asked(client.receive(state(Type.ACK, 0, undefined, ...block(0, 1))));
    expect(second.message.token).toEqual(token(2));
    client.receive(state(Type.ACK, 1, undefined, ...block(1, 1), 2));
    client.receive(state(Type.ACK, 2, undefined, ...block(2, 1), 2));
    expect(client.events()).toMatchObject([{ kind: 'notification', last: true, response: { payload: body } }]);
    client.pass(400_000);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });
});
