import { blockOption, findBlock } from '@lb-matrix/blockwise';
import { type CoapMessage, Code, findOption, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { EndpointError, sharedState } from '../src/index.ts';
import { Engine } from './support/engine.ts';
import { bodyOf, content, datagram, fromHex, NONE, parse, path, text } from './support/messages.ts';

const serving = (options = {}) => new Engine({ server: options });
const request = (messageId: number, more: Partial<CoapMessage> = {}) =>
  datagram({ code: Code.GET, messageId, token: Uint8Array.of(0x77), options: path('a'), ...more });
const codeOf = (hex: string | undefined) => parse(fromHex(hex ?? '')).code;

describe('a response, datagram by datagram', () => {
  it('goes out in the ACK when the handler is quick', () => {
    const server = serving();
    expect(server.receive('41 01 0005 77 b1 61')).toEqual([]);
    const { id, ...event } = server.request1();
    expect(event).toEqual({ kind: 'request', code: Code.GET, options: path('a'), payload: NONE, observe: false });
    expect(server.respond(id, content('ok'))).toEqual(['6145000577ff6f6b']);
    expect(server.endpoint.idle).toBe(true);
  });

  it('is separate when the handler is slow: an empty ACK after 200 ms, then a CON of its own Message ID', () => {
    const server = serving();
    server.receive('41 01 0005 77 b1 61');
    expect(server.pass(199)).toEqual([]);
    expect(server.pass(1000)).toEqual([[200, '60000005']]);
    expect(server.respond(server.request1().id, content('ok'))).toEqual(['4145000077ff6f6b']);
    expect(server.pass(5000)).toEqual([[3199, '4145000077ff6f6b']]);
    expect(server.endpoint.idle).toBe(false);
    expect(server.receive('60 00 0000')).toEqual([]);
    expect(server.endpoint.idle).toBe(true);
    expect(server.pass(100_000)).toEqual([]);
  });

  it('is acknowledged at once when the handler says so, and only once', () => {
    const server = serving();
    server.receive('41 01 0005 77 b1 61');
    const { id } = server.request1();
    expect(server.acknowledge(id)).toEqual(['60000005']);
    expect(server.acknowledge(id)).toEqual([]);
    expect(server.pass(1000)).toEqual([]);
    expect(server.respond(id, content('ok'))).toEqual(['4145000077ff6f6b']);
    expect(server.acknowledge(id)).toEqual([]);
  });

  it('is acknowledged after another delay when that is configured', () => {
    const server = serving({ ackDelay: 50 });
    server.receive('41 01 0005 77 b1 61');
    expect(server.pass(1000)).toEqual([[50, '60000005']]);
  });

  it('to a NON is a NON, never acknowledged and never repeated', () => {
    const server = serving();
    server.receive('51 01 0005 77 b1 61');
    expect(server.pass(1000)).toEqual([]);
    const { id } = server.request1();
    expect(server.acknowledge(id)).toEqual([]);
    expect(server.respond(id, content('ok'))).toEqual(['5145000077ff6f6b']);
    expect(server.pass(100_000)).toEqual([]);
  });

  it('echoes a token of any length', () => {
    for (const token of [NONE, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)]) {
      const server = serving();
      server.receive(request(5, { token }));
      const [answer] = server.respond(server.request1().id, content('ok'));
      expect(parse(fromHex(answer!)).token).toEqual(token);
    }
  });

  it('is given once: what comes after it is without effect', () => {
    const server = serving();
    server.receive('41 01 0005 77 b1 61');
    const { id } = server.request1();
    server.respond(id, content('ok'));
    expect(server.respond(id, content('again'))).toEqual([]);
    expect(server.acknowledge(id)).toEqual([]);
  });

  it('that cannot be sent is a 5.00, and an error here', () => {
    for (const response of [
      { code: Code.GET, options: [], payload: NONE },
      { code: Code.Content, options: [{ number: 70_000, value: NONE }], payload: NONE },
      { code: Code.Content, options: path('x'.repeat(255)), payload: bodyOf(1200) },
    ]) {
      const server = serving();
      server.maxPayload = 250;
      server.receive('41 01 0005 77 b1 61');
      const { id } = server.request1();
      expect(() => server.respond(id, response)).toThrow();
      expect(server.sent()).toEqual(['61a0000577']);
    }
  });

  it('lets go of the body of its request, also when it cannot be sent', () => {
    const shared = sharedState();
    const server = serving({ shared });
    for (const num of [0, 1]) {
      const options = [...path('up'), blockOption(OptionNumber.Block1, { num, more: num === 0, szx: 0 })];
      server.receive(request(num, { code: Code.PUT, options, payload: bodyOf(16) }));
    }
    const { id } = server.request1();
    expect(shared.transfers.bytes).toBeGreaterThan(0);
    expect(() => server.respond(id, { code: Code.GET, options: [], payload: NONE })).toThrow();
    expect(shared.transfers.bytes).toBe(0);
  });
});

describe('Message IDs of responses', () => {
  it('run out under a flood of NON requests: then these get no answer, nothing piles up, and a CON still gets its own', () => {
    const server = serving({ maxRequests: 1 });
    server.receive(request(1));
    const { id } = server.request1();
    server.acknowledge(id);
    let answers = 0;
    for (let i = 0; i < 65_600; i++) answers += server.receive(request(i & 0xffff, { type: Type.NON })).length;
    expect(answers).toBe(65_536);
    expect(server.respond(id, content('late'))).toEqual([]);
    expect(server.pass(250_000).map(([, hex]) => parse(fromHex(hex)).type)).toEqual([Type.CON, Type.CON]);
  }, 30_000);
});

describe('a separate response', () => {
  const separate = (server: Engine, messageId = 5): string[] => {
    server.receive(request(messageId));
    const { id } = server.request1();
    server.acknowledge(id);
    return server.respond(id, content('ok'));
  };

  it('is repeated until it is acknowledged, and given up after that', () => {
    const server = serving();
    separate(server);
    expect(server.pass(100_000).map(([at]) => at)).toEqual([2000, 6000, 14_000, 30_000]);
    expect(server.events()).toMatchObject([{ kind: 'cancelled' }]);
    expect(server.endpoint.idle).toBe(true);
  });

  it('ends with a Reset', () => {
    const server = serving();
    separate(server);
    expect(server.receive('70 00 0000')).toEqual([]);
    expect(server.pass(100_000)).toEqual([]);
    expect(server.events()).toMatchObject([{ kind: 'cancelled' }]);
  });

  it('does not wait for others: NSTART is for requests', () => {
    const server = serving();
    expect(separate(server, 5)).toHaveLength(1);
    expect(separate(server, 6)).toHaveLength(1);
  });

  it('leaves the empty ACK as the answer to a repeated request (5.2.2)', () => {
    const server = serving();
    separate(server);
    expect(server.receive(request(5))).toEqual(['60000005']);
    server.receive('60 00 0000');
    expect(server.receive(request(5))).toEqual(['60000005']);
    expect(server.events()).toEqual([]);
  });
});

describe('a request that comes again (RFC 7252 4.5)', () => {
  it('is given the same answer, and does not reach the handler', () => {
    const server = serving();
    server.receive(request(5));
    expect(server.receive(request(5))).toEqual([]);
    const answer = server.respond(server.request1().id, content('ok'));
    expect(server.receive(request(5))).toEqual(answer);
    expect(server.events()).toEqual([]);
    expect(server.endpoint.stats).toMatchObject({ duplicates: 2, requests: 1 });
  });

  it('as a NON is ignored', () => {
    const server = serving();
    server.receive(request(5, { type: Type.NON }));
    server.respond(server.request1().id, content('ok'));
    expect(server.receive(request(5, { type: Type.NON }))).toEqual([]);
    expect(server.events()).toEqual([]);
  });

  it('is another one when its token is another: existing clients give all observations Message ID 0', () => {
    const server = serving();
    for (const token of [1, 2, 3]) {
      server.receive(request(0, { token: Uint8Array.of(token) }));
      const answer = server.respond(server.request1().id, content(String(token)));
      expect(server.receive(request(0, { token: Uint8Array.of(token) }))).toEqual(answer);
    }
  });

  it('is another one after EXCHANGE_LIFETIME; a NON after NON_LIFETIME; both are longer where transmission was agreed on', () => {
    for (const [type, lifetime, transmission] of [
      [Type.CON, 247_000, false],
      [Type.NON, 145_000, false],
      [Type.CON, 262_000, true],
      [Type.NON, 160_000, true],
    ] as const) {
      const server = serving();
      server.endpoint.agree({ transmission });
      server.receive(request(5, { type }));
      server.respond(server.request1().id, content('ok'));
      server.pass(lifetime - 1);
      server.receive(request(5, { type }));
      expect(server.events()).toEqual([]);
      server.pass(1);
      server.receive(request(5, { type }));
      server.request1();
    }
  });

  it('never displaces a live entry: what is new is 5.03 instead, and welcome once one has expired', () => {
    const server = new Engine({ maxDuplicates: 3, server: {} });
    const answers = [1, 2, 3].map((id) => {
      server.now = id * 1000;
      server.receive(request(id));
      return server.respond(server.request1().id, content(String(id)));
    });
    server.now = 200_000;
    for (let i = 10; i < 50; i++) expect(codeOf(server.receive(request(i))[0])).toBe(Code.ServiceUnavailable);
    for (const id of [1, 2, 3]) expect(server.receive(request(id))).toEqual(answers[id - 1]);
    expect(server.events()).toEqual([]);

    server.pass(48_000);
    server.receive(request(60));
    server.respond(server.request1().id, content('new'));
    expect(server.receive(request(2))).toEqual(answers[1]);
    expect(codeOf(server.receive(request(61))[0])).toBe(Code.ServiceUnavailable);
  });

  it('counts against a bound for all peers as well, which the end of a session frees', () => {
    const shared = sharedState({}, 2);
    const alice = serving({ shared, session: { alice: true } });
    const bob = serving({ shared, session: { bob: true } });
    alice.receive(request(1));
    bob.receive(request(1));
    expect(codeOf(bob.receive(request(2))[0])).toBe(Code.ServiceUnavailable);
    alice.endpoint.close(new EndpointError('closed', 'closed_here', ''), 0);
    expect(bob.receive(request(2))).toEqual([]);
  });

  it('is forgotten in time: an idle peer costs nothing', () => {
    const shared = sharedState({}, 2);
    const idle = serving({ shared, session: { idle: true } });
    for (const id of [1, 2]) {
      idle.receive(request(id));
      idle.respond(idle.request1().id, content('ok'));
      idle.pass(100_000);
    }
    expect(shared.duplicates.used).toBe(2);
    idle.pass(200_000);
    expect(shared.duplicates.used).toBe(0);
    expect(idle.endpoint.pollTimeout()).toBeUndefined();
    const other = serving({ shared, session: { other: true } });
    expect(other.receive(request(1))).toEqual([]);
    other.request1();
  });
});

describe('what a peer may have in progress', () => {
  it('is bounded: more requests are 5.03', () => {
    const server = serving({ maxRequests: 2 });
    server.receive(request(1));
    server.receive(request(2));
    const [first] = server.events();
    expect(codeOf(server.receive(request(3))[0])).toBe(Code.ServiceUnavailable);
    expect(codeOf(server.receive(request(4, { type: Type.NON }))[0])).toBe(Code.ServiceUnavailable);
    server.respond(first!.id, content('ok'));
    expect(server.receive(request(5))).toEqual([]);
  });
});

describe('options of a request (RFC 7252 5.4)', () => {
  const withOption = (number: number, type: Type = Type.CON) =>
    request(5, { type, options: [...path('a'), { number, value: NONE }] });

  it('that are critical and unknown are 4.02 to a CON, which says which; a NON is dropped', () => {
    const server = serving();
    const [answer] = server.receive(withOption(65_001));
    const { code, payload } = parse(fromHex(answer!));
    expect([code, new TextDecoder().decode(payload)]).toEqual([Code.BadOption, 'option 65001: unrecognized']);
    expect(server.receive(withOption(65_001, Type.NON))).toEqual([]);
    expect(server.events()).toEqual([]);
  });

  it('that are elective and unknown do not reach the handler', () => {
    const server = serving();
    server.receive(withOption(65_002));
    expect(server.request1().options).toEqual(path('a'));
  });

  it('that mean something we do not do are unknown: OSCORE, Q-Block', () => {
    for (const number of [OptionNumber.OSCORE, OptionNumber.QBlock1, OptionNumber.QBlock2]) {
      expect(codeOf(serving().receive(withOption(number))[0])).toBe(Code.BadOption);
    }
  });

  it('of MSC3079 are known', () => {
    const server = serving();
    const options = [
      { number: 256, value: text('t') },
      { number: 257, value: Uint8Array.of(1) },
    ];
    server.receive(request(5, { options }));
    expect(server.request1().options).toEqual(options);
  });
});

describe('messages that make no sense', () => {
  it('are reset when they are CON, and else dropped (RFC 7252 4.2, 4.3)', () => {
    const server = serving();
    expect(server.receive('40 00 0007')).toEqual(['70000007']);
    for (const [hex, answer] of [
      ['4100 0007 01', ['70000007']],
      ['40 e1 0007', ['70000007']],
      ['4f 01 0007', ['70000007']],
      ['40 01 0007 ff', ['70000007']],
      ['41 45 0007 77', ['70000007']],
      ['50 00 0007', []],
      ['50 e1 0007', []],
      ['60 01 0007', []],
      ['70 01 0007', []],
      ['60 00 0007', []],
      ['70 00 0007', []],
      ['80 01 0007', []],
      ['40 01', []],
      ['', []],
    ] as const) {
      const before = server.endpoint.stats.dropped;
      expect(server.receive(hex)).toEqual(answer);
      expect(server.endpoint.stats.dropped).toBe(before + 1);
    }
    expect(server.events()).toEqual([]);
  });
});

describe('blocks', () => {
  const block = (num: number, messageId: number, body: Uint8Array) => {
    const more = (num + 1) * 1024 < body.length;
    const options = [...path('up'), blockOption(OptionNumber.Block1, { num, more, szx: 6 })];
    return request(messageId, { code: Code.PUT, options, payload: body.subarray(num * 1024, (num + 1) * 1024) });
  };
  const ask = (num: number, messageId: number) =>
    request(messageId, { options: [...path('a'), blockOption(OptionNumber.Block2, { num, more: false, szx: 6 })] });

  it('of a request reach the handler once, as one body', () => {
    const server = serving();
    const body = bodyOf(2500);
    // As existing clients do it: 2.31 to all but the last.
    expect(server.receive(block(0, 1, body))).toEqual(['615f000177d10e0e']);
    expect(server.receive(block(0, 1, body))).toEqual(['615f000177d10e0e']);
    expect(server.receive(block(1, 2, body))).toEqual(['615f000277d10e1e']);
    expect(server.receive(block(1, 2, body))).toEqual(['615f000277d10e1e']);
    expect(server.receive(block(2, 3, body))).toEqual([]);
    expect(server.receive(block(2, 3, body))).toEqual([]);
    const event = server.request1();
    expect(event.payload).toEqual(body);
    const answer = server.respond(event.id, { code: Code.Changed, options: [], payload: NONE });
    expect(server.receive(block(2, 3, body))).toEqual(answer);
    expect(findBlock(parse(fromHex(answer[0]!)).options, OptionNumber.Block1)).toEqual({ num: 2, more: false, szx: 6 });
  });

  it('of a response are served without the handler, a repeated last one too', () => {
    const server = serving();
    server.receive(request(1));
    const body = bodyOf(2500);
    const blocks = [server.respond(server.request1().id, content(body))];
    expect(server.endpoint.idle).toBe(false);
    for (const num of [1, 2]) {
      blocks.push(server.receive(ask(num, num + 1)));
      expect(server.receive(ask(num, num + 1))).toEqual(blocks.at(-1));
    }
    const messages = blocks.map(([hex]) => parse(fromHex(hex!)));
    expect(Buffer.concat(messages.map(({ payload }) => payload)).equals(body)).toBe(true);
    expect(new Set(messages.map(({ options }) => String(findOption(options, OptionNumber.ETag)!.value))).size).toBe(1);
    expect(server.events()).toEqual([]);
    expect(server.endpoint.idle).toBe(true);
  });

  it('take no place among the messages that are remembered, but for the first and the last', () => {
    const server = new Engine({ maxDuplicates: 2, server: {} });
    server.receive(request(1));
    server.respond(server.request1().id, content(bodyOf(20_000)));
    for (let num = 1; num < 19; num++) {
      const [answer] = server.receive(ask(num, num + 1));
      expect(codeOf(answer)).toBe(Code.Content);
    }
    expect(codeOf(server.receive(ask(19, 20))[0])).toBe(Code.Content);
    expect(codeOf(server.receive(request(30))[0])).toBe(Code.ServiceUnavailable);
  });

  it('follow a separate response as well', () => {
    const server = serving();
    server.receive(request(1));
    const { id } = server.request1();
    server.acknowledge(id);
    const [first] = server.respond(id, content(bodyOf(1500)));
    expect(parse(fromHex(first!))).toMatchObject({ type: Type.CON, code: Code.Content });
    expect(parse(fromHex(server.receive(ask(1, 2))[0]!)).payload).toHaveLength(1500 - 1024);
  });

  it('that fit no datagram any more are a 5.00', () => {
    const server = serving();
    server.receive(request(1));
    server.respond(server.request1().id, { ...content(bodyOf(1500)), options: [uintOption(OptionNumber.MaxAge, 1)] });
    server.maxPayload = 30;
    expect(server.receive(ask(1, 2))).toEqual(['61a0000277']);
  });
});

describe('draining', () => {
  it('answers what is new with 5.03 and lets the rest finish', () => {
    const server = serving();
    const body = bodyOf(2048);
    const up = (num: number, messageId: number) =>
      request(messageId, {
        code: Code.PUT,
        options: [...path('up'), blockOption(OptionNumber.Block1, { num, more: num === 0, szx: 6 })],
        payload: body.subarray(num * 1024, num * 1024 + 1024),
      });
    server.receive(up(0, 1));
    server.receive(request(2));
    const { id } = server.request1();
    server.endpoint.drain();
    expect(codeOf(server.receive(request(3))[0])).toBe(Code.ServiceUnavailable);
    expect(codeOf(server.receive(up(0, 4))[0])).toBe(Code.ServiceUnavailable);
    expect(server.receive(up(1, 5))).toEqual([]);
    const second = server.request1();
    expect(second.payload).toEqual(body);
    server.respond(id, content('ok'));
    expect(server.endpoint.idle).toBe(false);
    server.respond(second.id, content('ok'));
    expect(server.endpoint.idle).toBe(true);
    expect(server.receive(request(2))).toHaveLength(1);
  });
});

describe('closing', () => {
  it('cancels what the handler has, forgets what the peer sent and falls silent', () => {
    const shared = sharedState();
    const server = serving({ shared });
    server.receive(request(1));
    const { id } = server.request1();
    server.receive(
      request(2, {
        code: Code.PUT,
        options: [...path('up'), blockOption(OptionNumber.Block1, { num: 0, more: true, szx: 0 })],
        payload: bodyOf(16),
      }),
    );
    server.sent();
    server.endpoint.close(new EndpointError('closed', 'closed_here', ''), 0);
    expect(server.events()).toEqual([{ kind: 'cancelled', id }]);
    expect(shared.transfers.bytes).toBe(0);
    expect(server.respond(id, content('late'))).toEqual([]);
    expect(server.receive(request(3))).toEqual([]);
    expect(server.endpoint.pollTimeout()).toBeUndefined();
  });
});
