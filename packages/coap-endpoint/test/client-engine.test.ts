import { blockOption } from '@lb-matrix/blockwise';
import { Code, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { EndpointError } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, get, NONE, parse, path, put, text } from './support/messages.ts';

// With all random bytes zero: Message IDs from 0, tokens from 1, waits of exactly ACK_TIMEOUT.
const GET_A = '44 01 0000 00000001 b1 61'.replaceAll(' ', '');
const token = (n: number) => Uint8Array.of(0, 0, 0, n);
const response = (type: Type, messageId: number, n: number, code: number = Code.Content) =>
  datagram({ type, messageId, code, token: token(n), payload: text('ok') });
const emptyAck = (messageId: number) => datagram({ type: Type.ACK, code: 0, messageId, token: NONE });
const reset = (messageId: number) => datagram({ type: Type.RST, code: 0, messageId, token: NONE });
const ok = { kind: 'response', response: content('ok') };

describe('a request, datagram by datagram', () => {
  it('is answered in the ACK', () => {
    const client = new Engine();
    const id = client.request(get('a'));
    expect(client.sent()).toEqual([GET_A]);
    expect(client.receive('64 45 0000 00000001 ff 6f6b')).toEqual([]);
    expect(client.events()).toEqual([{ ...ok, id }]);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });

  it('is answered separately: the response is acknowledged, and again when it comes again', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    expect(client.receive('60 00 0000')).toEqual([]);
    expect(client.receive('44 45 abcd 00000001 ff 6f6b')).toEqual(['6000abcd']);
    expect(client.receive('44 45 abcd 00000001 ff 6f6b')).toEqual(['6000abcd']);
    expect(client.events()).toMatchObject([ok]);
    expect(client.endpoint.stats.duplicates).toBe(1);
    client.pass(600_000);
    expect(client.events()).toEqual([]);
  });

  it('goes out as NON and takes a response of either type', () => {
    for (const type of [Type.NON, Type.CON]) {
      const client = new Engine();
      client.request({ ...get('a'), confirmable: false });
      expect(client.sent()).toEqual(['5401000000000001b161']);
      expect(client.receive(response(type, 9, 1))).toEqual(type === Type.CON ? ['60000009'] : []);
      expect(client.events()).toMatchObject([ok]);
    }
  });

  it('carries the next Message ID and another token when it is the next', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.receive(response(Type.ACK, 0, 1));
    client.request(get('b'));
    expect(client.sent()).toEqual(['4401000100000002b162']);
  });

  it('has tokens of the length that was asked for', () => {
    const client = new Engine({ tokenLength: 2 });
    client.request(get('a'));
    expect(client.sent()).toEqual(['420100000001b161']);
  });

  it('has tokens of two bytes while all of one byte are in use', () => {
    const client = new Engine({ tokenLength: 1, transmission: { nstart: 1000 } });
    for (let i = 0; i < 258; i++) client.request(get(String(i)));
    const tokens = client.sent().map((hex) => hex.slice(8, 8 + 2 * Number(hex[1])));
    expect(new Set(tokens).size).toBe(258);
    expect(tokens.map(({ length }) => length / 2)).toEqual([...Array(256).fill(1), 2, 2]);
  });

  it('does not get the late response to another that was given up, whose token is not used again until it cannot come', () => {
    const client = new Engine({ tokenLength: 1, transmission: { nstart: 1000 } });
    const given = client.request(get('given up'));
    const [token] = client.sent().map((hex) => hex.slice(8, 10));
    client.endpoint.cancel(given, client.now);
    const later = Array.from({ length: 256 }, (_, i) => {
      client.request({ ...get(String(i)), confirmable: false });
      return client.sent()[0]!;
    }).map((hex) => hex.slice(8, 8 + 2 * Number(hex[1])));
    expect(later).not.toContain(token);
    expect(later.at(-1)).toHaveLength(4);
    client.pass(500_000);
    client.sent();
    const afterwards = Array.from({ length: 256 }, (_, i) => {
      client.request({ ...get(`again ${i}`), confirmable: false });
      return client.sent()[0]!.slice(8, 10);
    });
    expect(afterwards).toContain(token);
  });

  it('is written with its options in order and its body behind them', () => {
    const client = new Engine();
    client.request({
      code: Code.PUT,
      options: [uintOption(OptionNumber.ContentFormat, 60), ...path('a')],
      payload: text('x'),
    });
    expect(client.sent()).toEqual(['4403000000000001b161113cff78']);
  });
});

describe('retransmission (RFC 7252 4.2)', () => {
  it('doubles its wait, four times, and then gives up', () => {
    const client = new Engine();
    const id = client.request(get('a'));
    client.sent();
    expect(client.pass(100_000)).toEqual([
      [2000, GET_A],
      [6000, GET_A],
      [14_000, GET_A],
      [30_000, GET_A],
    ]);
    const [event] = client.events();
    expect(event).toMatchObject({ kind: 'failed', id, error: { code: 'timed_out', reason: 'no_acknowledgement' } });
    expect(client.endpoint.stats.retransmissions).toBe(4);
  });

  it('waits between ACK_TIMEOUT and ACK_TIMEOUT times ACK_RANDOM_FACTOR', () => {
    const client = new Engine({ randomBytes: (length) => new Uint8Array(length).fill(0xff) });
    client.request(get('a'));
    client.sent();
    const waits = client.pass(100_000).map(([at]) => Math.round(at / 3000));
    // 3 s times 1, 3, 7 and 15: 45 s is MAX_TRANSMIT_SPAN.
    expect(waits).toEqual([1, 3, 7, 15]);
  });

  it('takes its times from the parameters', () => {
    const client = new Engine({ transmission: { ackTimeout: 100, ackRandomFactor: 1, maxRetransmit: 2 } });
    client.request(get('a'));
    client.sent();
    expect(client.pass(10_000).map(([at]) => at)).toEqual([100, 300]);
    expect(() => new Engine({ transmission: { ackRandomFactor: 0.5 } })).toThrow(RangeError);
  });

  it.each<[string, Uint8Array]>([
    ['an empty ACK', emptyAck(0)],
    ['the response in an ACK', response(Type.ACK, 0, 1)],
    ['the separate response, before its ACK (5.2.2)', response(Type.CON, 9, 1)],
    ['a Reset', reset(0)],
  ])('ends with %s', (_, bytes) => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    expect(client.pass(3000)).toHaveLength(1);
    client.receive(bytes);
    expect(client.pass(100_000)).toEqual([]);
  });

  it('does not end with an ACK of another Message ID or a response with another token', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.receive(emptyAck(7));
    client.receive(response(Type.ACK, 0, 2));
    client.receive(response(Type.ACK, 7, 1));
    expect(client.events()).toEqual([]);
    expect(client.endpoint.stats.dropped).toBe(3);
    expect(client.pass(3000)).toHaveLength(1);
  });

  it('leaves out what a suspended machine is too late for', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.now = 60_000;
    client.endpoint.handleTimeout(60_000);
    expect(client.sent()).toEqual([]);
    expect(client.pass(40_000)).toEqual([]);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { reason: 'no_acknowledgement' } }]);

    const longer = new Engine();
    longer.request(get('a'));
    longer.now = 1_000_000;
    longer.endpoint.handleTimeout(1_000_000);
    expect(longer.events()).toMatchObject([{ kind: 'failed' }]);
  });

  it('keeps ACK_TIMEOUT between two of them when one was late', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.now = 13_500;
    client.endpoint.handleTimeout(13_500);
    expect(client.sent()).toHaveLength(1);
    expect(client.endpoint.pollTimeout()).toBe(15_500);
  });
});

describe('waiting for the response', () => {
  it('ends after EXCHANGE_LIFETIME when the acknowledged request stays without one', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.now = 1000;
    client.receive(emptyAck(0));
    client.pass(246_999);
    expect(client.events()).toEqual([]);
    client.pass(2);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { code: 'timed_out', reason: 'no_response' } }]);
    // What comes afterwards finds nobody.
    expect(client.receive(response(Type.CON, 9, 1))).toEqual(['70000009']);
  });

  it('takes a second ACK that carries the response, as existing proxies send it', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.receive(emptyAck(0));
    client.receive(response(Type.ACK, 0, 1));
    expect(client.events()).toMatchObject([ok]);
  });

  it('ends for a NON as well', () => {
    const client = new Engine();
    client.request({ ...get('a'), confirmable: false });
    client.sent();
    expect(client.pass(300_000)).toEqual([]);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { reason: 'no_response' } }]);
  });

  it('ends with a Reset', () => {
    for (const confirmable of [true, false]) {
      const client = new Engine();
      client.request({ ...get('a'), confirmable });
      client.sent();
      client.receive(reset(0));
      expect(client.events()).toMatchObject([{ kind: 'failed', error: { code: 'reset' } }]);
    }
  });
});

describe('a response that nobody waits for', () => {
  it('is rejected: with a Reset when it is a CON or NON, in silence when it is an ACK', () => {
    const client = new Engine();
    expect(client.receive(response(Type.CON, 9, 1))).toEqual(['70000009']);
    expect(client.receive(response(Type.NON, 10, 1))).toEqual(['7000000a']);
    expect(client.receive(response(Type.ACK, 11, 1))).toEqual([]);
    expect(client.receive(reset(12))).toEqual([]);
    expect(client.receive(emptyAck(13))).toEqual([]);
    expect(client.receive(datagram({ code: Code.GET, messageId: 14 }))).toEqual(['7000000e']);
    expect(client.endpoint.stats.dropped).toBe(6);
  });

  it('is one to a request that was cancelled', () => {
    const client = new Engine();
    const id = client.request(get('a'));
    client.sent();
    client.endpoint.cancel(id, 0);
    expect(client.pass(100_000)).toEqual([]);
    expect(client.receive(response(Type.CON, 9, 1))).toEqual(['70000009']);
    expect(client.receive(response(Type.ACK, 0, 1))).toEqual([]);
    expect(client.events()).toEqual([]);
  });

  it('is one with a token of another length', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    expect(client.receive(datagram({ code: Code.Content, messageId: 9, token: Uint8Array.of(1) }))).toEqual([
      '70000009',
    ]);
    expect(client.receive(datagram({ code: Code.Content, messageId: 9, token: new Uint8Array(8) }))).toEqual([
      '70000009',
    ]);
    expect(client.events()).toEqual([]);
  });

  it('is one with a critical option that we do not know (5.4.1); the request fails', () => {
    for (const type of [Type.CON, Type.ACK]) {
      const client = new Engine();
      client.request(get('a'));
      client.sent();
      const unknown = datagram({
        type,
        code: Code.Content,
        messageId: 0,
        token: token(1),
        options: [{ number: 65_001, value: NONE }],
      });
      expect(client.receive(unknown)).toEqual(type === Type.CON ? ['70000000'] : []);
      expect(client.events()).toMatchObject([{ kind: 'failed', error: { code: 'misbehaved', reason: 'bad_option' } }]);
      expect(client.pass(100_000)).toEqual([]);
    }
  });
});

describe('NSTART (RFC 7252 4.7)', () => {
  it('keeps others waiting until the first is acknowledged or answered', () => {
    const client = new Engine();
    for (const name of ['a', 'b', 'c', 'd']) client.request(get(name));
    expect(client.sent()).toHaveLength(1);
    expect(client.receive(emptyAck(0))).toHaveLength(1);
    expect(client.receive(response(Type.ACK, 1, 2))).toHaveLength(1);
    expect(client.receive(reset(2))).toHaveLength(1);
    // The first had given its place up already.
    client.request(get('e'));
    expect(client.receive(response(Type.CON, 9, 1))).toEqual(['60000009']);
    expect(client.receive(response(Type.ACK, 3, 4))).toHaveLength(1);
    client.receive(response(Type.ACK, 4, 5));
    expect(client.events().map(({ kind }) => kind)).toEqual(['response', 'failed', 'response', 'response', 'response']);
  });

  it('lets more of them go when it is larger', () => {
    const client = new Engine({ transmission: { nstart: 3 } });
    for (const name of ['a', 'b', 'c', 'd']) client.request(get(name));
    expect(client.sent()).toHaveLength(3);
  });

  it('frees the place of a request that is given up or cancelled, waiting or sent', () => {
    const client = new Engine();
    const ids = ['a', 'b', 'c', 'd'].map((name) => client.request(get(name)));
    client.sent();
    client.endpoint.cancel(ids[1]!, 0);
    client.endpoint.cancel(ids[0]!, 0);
    expect(client.sent().map((hex) => hex.slice(-2))).toEqual(['63']);
    expect(client.pass(100_000).map(([, hex]) => hex.slice(-2))).toEqual([
      '63',
      '63',
      '63',
      '63',
      '64',
      '64',
      '64',
      '64',
      '64',
    ]);
  });

  it('holds the place of an unanswered NON for what PROBING_RATE allows: a byte a second', () => {
    const client = new Engine();
    client.request({ ...get('a'), confirmable: false });
    client.request(get('b'));
    expect(client.sent()).toEqual(['5401000000000001b161']);
    expect(client.pass(9999)).toEqual([]);
    expect(client.pass(2).map(([at]) => at)).toEqual([10_000]);
    client.receive(response(Type.NON, 9, 1));
    expect(client.events()).toMatchObject([ok]);
  });
});

describe('requests for the same resource', () => {
  it('run one after the other, so that their blocks are never mixed (RFC 7959 2.4)', () => {
    const client = new Engine({ transmission: { nstart: 4 } });
    client.request(get('a'));
    client.request(get('a'));
    client.request(get('b'));
    expect(client.sent().map((hex) => hex.slice(-2))).toEqual(['61', '62']);
    expect(client.receive(response(Type.ACK, 0, 1)).map((hex) => hex.slice(-2))).toEqual(['61']);
    const third = client.request(get('a'));
    client.endpoint.cancel(third, 0);
    client.receive(response(Type.ACK, 2, 3));
    expect(client.events().map((event) => event.kind)).toEqual(['response', 'response']);
  });
});

describe('a transfer in blocks', () => {
  const block = (messageId: number, n: number, num: number, etag: number) =>
    datagram({
      type: Type.ACK,
      code: Code.Content,
      messageId,
      token: token(n),
      options: [
        { number: OptionNumber.ETag, value: Uint8Array.of(etag) },
        blockOption(OptionNumber.Block2, { num, more: true, szx: 0 }),
      ],
      payload: bodyOf(16),
    });

  it('keeps to one token, which servers exist that want it; a new attempt has another', () => {
    const client = new Engine();
    client.request(get('a'));
    const sent = [
      client.sent(),
      client.receive(block(0, 1, 0, 1)),
      client.receive(block(1, 1, 1, 1)),
      client.receive(block(2, 1, 2, 9)),
      client.receive(block(3, 2, 0, 9)),
    ].map(([hex]) => parse(fromHex(hex!)));
    expect(sent.map(({ messageId }) => messageId)).toEqual([0, 1, 2, 3, 4]);
    expect(sent.map((message) => message.token[3])).toEqual([1, 1, 1, 2, 2]);
  });

  it('is not confused by a response that comes again', () => {
    const client = new Engine();
    client.request(get('a'));
    client.sent();
    client.receive(block(0, 1, 0, 1));
    expect(client.receive(block(0, 1, 0, 1))).toEqual([]);
    expect(parse(fromHex(client.receive(block(1, 1, 1, 1))[0]!)).messageId).toBe(2);
  });
});

describe('a ping', () => {
  it('is an Empty CON; a Reset answers it, or an ACK', () => {
    for (const answer of [reset(0), emptyAck(0)]) {
      const client = new Engine();
      const id = client.endpoint.ping(0);
      expect(client.sent()).toEqual(['40000000']);
      client.now = 30;
      client.receive(answer);
      expect(client.events()).toEqual([{ kind: 'pong', id, milliseconds: 30 }]);
    }
  });

  it('is repeated, fails without an answer, and can be cancelled', () => {
    const client = new Engine();
    client.endpoint.ping(0);
    client.sent();
    expect(client.pass(100_000)).toHaveLength(4);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { code: 'timed_out' } }]);
    client.endpoint.cancel(client.endpoint.ping(client.now), client.now);
    client.sent();
    expect(client.pass(100_000)).toEqual([]);
    expect(client.events()).toEqual([]);
  });
});

describe('Message IDs', () => {
  it.each([
    [247_000, 'a stranger', {}],
    [262_000, 'who agreed on transmission', { transmission: true }],
  ])(
    'are not reused within EXCHANGE_LIFETIME, %i ms to %s: when all are taken, requests wait',
    (lifetime, _, agreement) => {
      const client = new Engine({ transmission: { nstart: 70_000 }, tokenLength: 3 });
      client.endpoint.agree(agreement);
      let sent = 0;
      for (let i = 0; i < 65_536; i++) {
        client.request({ ...get(String(i)), confirmable: false });
        sent += client.sent().length;
      }
      expect(sent).toBe(65_536);
      client.request(get('late'));
      expect(client.sent()).toEqual([]);
      // With the second within which they were taken.
      expect(client.pass(lifetime + 1000 - 1)).toEqual([]);
      expect(client.pass(1).map(([, hex]) => hex.slice(2, 8))).toEqual(['010000']);
    },
    30_000,
  );
});

describe('the size of datagrams', () => {
  it('is heeded when the message is sent, not only when it was made', () => {
    const client = new Engine();
    client.request(get('a'));
    client.request(put(bodyOf(500), 'b'));
    client.sent();
    client.maxPayload = 300;
    client.receive(response(Type.ACK, 0, 1));
    const failed = client.events().find(({ kind }) => kind === 'failed');
    expect(failed).toMatchObject({ error: { code: 'refused', reason: 'request_too_large' } });
    expect(client.sent()).toEqual([]);
  });

  it('is heeded by retransmissions', () => {
    const client = new Engine();
    client.request(put(bodyOf(500), 'b'));
    client.sent();
    client.maxPayload = 300;
    expect(client.pass(3000)).toEqual([]);
    expect(client.events()).toMatchObject([{ kind: 'failed', error: { reason: 'request_too_large' } }]);
  });

  it('may be filled to the last byte', () => {
    const client = new Engine();
    client.request(put(bodyOf(1221), 'b'));
    expect(client.sent()[0]).toHaveLength(2 * 1232);
    expect(client.events()).toEqual([]);
  });

  it('decides the size of blocks, down to 16 bytes', () => {
    for (const [maxPayload, size] of [
      [1232, 1024],
      [700, 512],
      [211, 128],
      [80, 32],
      [48, 16],
    ] as const) {
      const client = new Engine();
      client.maxPayload = maxPayload;
      client.request(put(bodyOf(2000), 'b'));
      const [first] = client.sent();
      expect(parse(fromHex(first!)).payload).toHaveLength(size);
      expect(first!.length / 2).toBeLessThanOrEqual(maxPayload);
    }
  });
});

describe('a request is refused at once', () => {
  const refusal = (attempt: () => unknown): EndpointError => {
    try {
      attempt();
    } catch (error) {
      if (error instanceof EndpointError) return error;
      throw error;
    }
    throw new Error('it was taken');
  };

  it.each([
    ['with a response code', { code: Code.Content, options: [] }, 'invalid_request'],
    [
      'with an option that does not encode',
      { code: Code.GET, options: [{ number: 70_000, value: NONE }] },
      'invalid_request',
    ],
    [
      'with a Block1 of its own',
      { code: Code.PUT, options: [{ number: OptionNumber.Block1, value: NONE }] },
      'invalid_request',
    ],
    ['with options that fill the datagram', get('x'.repeat(250)), 'request_too_large'],
    ['with a body above the limit', put(bodyOf(101), 'a'), 'request_too_large'],
  ])('%s', (_, request, reason) => {
    const client = new Engine({ maxBodyBytes: 100 });
    client.maxPayload = 200;
    expect(refusal(() => client.request(request))).toMatchObject({ code: 'refused', reason });
    expect(client.sent()).toEqual([]);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });
});

describe('closing', () => {
  it('fails what is open, sends nothing more and hears nothing more', () => {
    const client = new Engine();
    const ids = [client.request(get('a')), client.request(get('a')), client.endpoint.ping(0)];
    client.sent();
    const error = new EndpointError('closed', 'closed_here', 'closed');
    client.endpoint.close(error, 0);
    expect(client.events()).toEqual(ids.map((id) => ({ kind: 'failed', id, error })));
    expect(client.receive(response(Type.CON, 9, 1))).toEqual([]);
    expect(client.endpoint.pollTimeout()).toBeUndefined();
  });
});
