import {
  type CoapOption,
  Code,
  findOption,
  OptionNumber,
  opaqueOption,
  stringOption,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  BlockwiseError,
  blockOption,
  ClientTransfer,
  contentETag,
  fits,
  type MessagePart,
  ServerTransfers,
} from '../src/index.ts';
import { block2, bodyOf, content, figure, NONE, part, path, run, serve, WIDE } from './support.ts';

const { Block1, Block2, ETag, Size1, Size2 } = OptionNumber;
const alice = { name: 'alice' };
const bob = { name: 'bob' };

/** Block `num` of `body`, as a client sends it. */
function block(body: Uint8Array, num: number, szx: number, options: CoapOption[] = path('up')): MessagePart {
  const size = 16 << szx;
  const more = (num + 1) * size < body.length;
  return part(
    Code.PUT,
    [...options, blockOption(Block1, { num, more, szx })],
    body.subarray(num * size, (num + 1) * size),
  );
}

function ask(num: number, szx: number, options: CoapOption[] = path('down'), code: number = Code.GET): MessagePart {
  return part(code, [...options, blockOption(Block2, { num, more: false, szx })]);
}

/** The answer of the transfer layer, which the handler must not have seen. */
function answer(
  server: ServerTransfers,
  request: MessagePart,
  { peer = alice as object, room = WIDE, now = 0 } = {},
): MessagePart {
  const arrival = server.receive(peer, request, room, now);
  if (arrival.kind === 'request') throw new Error('the request went to the handler');
  return arrival.response;
}

function handed(server: ServerTransfers, request: MessagePart, { peer = alice as object, room = WIDE, now = 0 } = {}) {
  const arrival = server.receive(peer, request, room, now);
  if (arrival.kind === 'answer') throw new Error(`answered ${arrival.response.code.toString(16)}`);
  return arrival;
}

describe('a request body', () => {
  it('is handed over once, whole, without the options of its transfer', () => {
    const server = new ServerTransfers();
    const body = bodyOf(300);
    const first = block(body, 0, 3, [...path('up'), uintOption(Size1, 300)]);
    expect(figure(answer(server, first))).toBe('1:0/1/128');
    const second = answer(server, block(body, 1, 3));
    expect([second.code, figure(second)]).toEqual([Code.Continue, '1:1/1/128']);
    const { request, ticket } = handed(server, block(body, 2, 3));
    expect(request).toEqual(part(Code.PUT, path('up'), body));
    // Section 2.3: the final response names the block it answers.
    expect(server.respond(ticket, part(Code.Changed), WIDE, 0)).toEqual(
      part(Code.Changed, [blockOption(Block1, { num: 2, more: false, szx: 3 })]),
    );
    expect(server.bytes).toBe(0);
  });

  it('in a single block is handed over at once', () => {
    expect(handed(new ServerTransfers(), block(bodyOf(10), 0, 0)).request.payload).toEqual(bodyOf(10));
  });

  it('may arrive in smaller blocks after the first', () => {
    const server = new ServerTransfers();
    const body = bodyOf(180);
    answer(server, block(body, 0, 3));
    answer(server, block(body, 4, 1));
    expect(handed(server, block(body, 5, 1)).request.payload).toEqual(body);
  });

  it('comes in blocks that our own datagrams could hold', () => {
    const room = { maxMessageBytes: 100, tokenLength: 4 };
    expect(figure(answer(new ServerTransfers(), block(bodyOf(300), 0, 3), { room }))).toBe('1:0/1/64');
  });

  it('does not grow by a block that is repeated', () => {
    const server = new ServerTransfers();
    const body = bodyOf(70);
    answer(server, block(body, 0, 1));
    answer(server, block(body, 1, 1));
    expect(figure(answer(server, block(body, 1, 1)))).toBe('1:1/1/32');
    expect(handed(server, block(body, 2, 1)).request.payload).toEqual(body);
  });

  it('is given up when a repeated block has other bytes: two bodies are never mixed', () => {
    const server = new ServerTransfers();
    answer(server, block(bodyOf(96, 1), 0, 1));
    answer(server, block(bodyOf(96, 1), 1, 1));
    expect(answer(server, block(bodyOf(96, 2), 1, 1)).code).toBe(Code.RequestEntityIncomplete);
    expect(answer(server, block(bodyOf(96, 1), 2, 1)).code).toBe(Code.RequestEntityIncomplete);
    expect(server.bytes).toBe(0);
  });

  it('has no gaps, and waits for the block that is missing', () => {
    const server = new ServerTransfers();
    const body = bodyOf(96);
    expect(answer(server, block(body, 1, 1)).code).toBe(Code.RequestEntityIncomplete);
    answer(server, block(body, 0, 1));
    expect(answer(server, block(body, 2, 1)).code).toBe(Code.RequestEntityIncomplete);
    answer(server, block(body, 1, 1));
    expect(handed(server, block(body, 2, 1)).request.payload).toEqual(body);
  });

  it('starts anew with block 0', () => {
    const server = new ServerTransfers();
    answer(server, block(bodyOf(96, 1), 0, 1));
    answer(server, block(bodyOf(96, 1), 1, 1));
    answer(server, block(bodyOf(64, 2), 0, 1));
    expect(handed(server, block(bodyOf(64, 2), 1, 1)).request.payload).toEqual(bodyOf(64, 2));
  });

  it('is not put together across Content-Formats', () => {
    const server = new ServerTransfers();
    const body = bodyOf(64);
    answer(server, block(body, 0, 1, [...path('up'), uintOption(OptionNumber.ContentFormat, 60)]));
    const other = block(body, 1, 1, [...path('up'), uintOption(OptionNumber.ContentFormat, 50)]);
    expect(answer(server, other).code).toBe(Code.RequestEntityIncomplete);
  });

  it('is kept apart from those of other peers, paths, queries, methods and tokens of access', () => {
    const server = new ServerTransfers();
    const variants: { peer: object; code: number; options: CoapOption[] }[] = [
      { peer: alice, code: Code.PUT, options: path('a') },
      { peer: bob, code: Code.PUT, options: path('a') },
      { peer: alice, code: Code.POST, options: path('a') },
      { peer: alice, code: Code.PUT, options: path('a', 'b') },
      { peer: alice, code: Code.PUT, options: path('ab') },
      { peer: alice, code: Code.PUT, options: [...path('a'), stringOption(OptionNumber.UriQuery, 'q')] },
      { peer: alice, code: Code.PUT, options: [...path('a'), stringOption(OptionNumber.Authorization, 't')] },
    ];
    const bodies = variants.map((_, i) => bodyOf(80, i));
    const send = (i: number, num: number) => {
      const { peer, code, options } = variants[i]!;
      return server.receive(peer, { ...block(bodies[i]!, num, 1, options), code }, WIDE, 0);
    };
    for (const num of [0, 1]) for (const i of variants.keys()) expect(send(i, num).kind).toBe('answer');
    for (const i of variants.keys()) {
      expect(send(i, 2)).toMatchObject({ kind: 'request', request: { payload: bodies[i] } });
    }
  });

  it('above maxBodyBytes is refused with the size that is not (4.13), by what it announces or by what it is', () => {
    const server = new ServerTransfers({ maxBodyBytes: 100 });
    const announced = block(bodyOf(150), 0, 1, [...path('up'), uintOption(Size1, 150)]);
    const refusal = answer(server, announced);
    expect([refusal.code, uintValue(refusal.options, Size1)]).toEqual([Code.RequestEntityTooLarge, 100]);
    for (const num of [0, 1, 2]) expect(answer(server, block(bodyOf(150), num, 1)).code).toBe(Code.Continue);
    expect(uintValue(answer(server, block(bodyOf(150), 3, 1)).options, Size1)).toBe(100);
    expect(answer(server, part(Code.PUT, path('up'), bodyOf(101))).code).toBe(Code.RequestEntityTooLarge);
  });

  it('of 64 MiB goes through by default, and not one byte more', () => {
    const server = new ServerTransfers();
    const size = 2 ** 26;
    for (const [length, code] of [
      [size, Code.Continue],
      [size + 1, Code.RequestEntityTooLarge],
    ] as const) {
      expect(answer(server, block(bodyOf(2048), 0, 6, [...path('up'), uintOption(Size1, length)])).code).toBe(code);
    }
    // A block far behind does not make room for what lies before it.
    expect(
      answer(server, {
        ...block(bodyOf(4096), 0, 6),
        options: [...path('up'), blockOption(Block1, { num: 65_535, more: true, szx: 6 })],
        payload: bodyOf(1024),
      }).code,
    ).toBe(Code.RequestEntityIncomplete);
    expect(server.bytes).toBeLessThan(4096);
  });

  it('with a block of the wrong length or the reserved SZX is a bad request', () => {
    const server = new ServerTransfers();
    const short = { ...block(bodyOf(64), 0, 1), payload: bodyOf(31) };
    expect(answer(server, short).code).toBe(Code.BadRequest);
    expect(answer(server, { ...short, payload: NONE }).code).toBe(Code.BadRequest);
    for (const number of [Block1, Block2]) {
      expect(answer(server, part(Code.PUT, [{ number, value: Uint8Array.of(0x0f) }])).code).toBe(Code.BadRequest);
    }
  });
});

describe('a response body', () => {
  const handler =
    (body: Uint8Array, options: CoapOption[] = []) =>
    () =>
      part(Code.Content, options, body);

  it('goes out in blocks that carry one ETag, its size with the first', () => {
    const server = serve(new ServerTransfers(), handler(bodyOf(2500), [uintOption(OptionNumber.ContentFormat, 60)]));
    const { last, log } = run(new ClientTransfer(part(Code.GET, path('down'))), server);
    expect(log.map(({ response }) => figure(response))).toEqual(['2:0/1/1024', '2:1/1/1024', '2:2/0/1024']);
    expect(log.map(({ response }) => uintValue(response.options, Size2))).toEqual([2500, undefined, undefined]);
    for (const { response } of log) {
      expect(findOption(response.options, ETag)?.value).toEqual(contentETag(bodyOf(2500)));
      expect(uintValue(response.options, OptionNumber.ContentFormat)).toBe(60);
    }
    expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(2500) } });
  });

  it('keeps an ETag of the handler', () => {
    const etag = opaqueOption(ETag, Uint8Array.of(9));
    const { log } = run(
      new ClientTransfer(part(Code.GET, path('down'))),
      serve(new ServerTransfers(), handler(bodyOf(2500), [etag])),
    );
    for (const { response } of log) expect(findOption(response.options, ETag)).toEqual(etag);
  });

  it('that fits is one message, unless smaller blocks are wished', () => {
    const server = serve(new ServerTransfers(), handler(bodyOf(1200)));
    expect(server(part(Code.GET, path('down')))).toEqual(content(bodyOf(1200)));
    expect(figure(server(ask(0, 5)))).toBe('2:0/1/512');
    expect(figure(server(ask(0, 6)))).toBe('2:0/1/1024');
    expect(serve(new ServerTransfers(), handler(bodyOf(64)))(ask(0, 2))).toEqual(content(bodyOf(64)));
  });

  it('may be asked for in smaller blocks after the first (figure 4)', () => {
    const server = serve(new ServerTransfers(), handler(bodyOf(2000)));
    server(part(Code.GET, path('down')));
    expect(figure(server(ask(16, 2)))).toBe('2:16/1/64');
    expect(figure(server(ask(31, 2)))).toBe('2:31/0/64');
  });

  it('comes in smaller blocks when the room has shrunk', () => {
    const transfers = new ServerTransfers();
    serve(transfers, handler(bodyOf(2000)))(part(Code.GET, path('down')));
    const response = answer(transfers, ask(1, 6), { peer: transfers, room: { maxMessageBytes: 100, tokenLength: 4 } });
    expect(figure(response)).toBe('2:16/1/64');
  });

  it('belongs to one peer', () => {
    const transfers = new ServerTransfers();
    serve(transfers, handler(bodyOf(2000, 1)), { peer: alice })(part(Code.GET, path('down')));
    serve(transfers, handler(bodyOf(2000, 2)), { peer: bob })(part(Code.GET, path('down')));
    expect(answer(transfers, ask(1, 6), { peer: alice }).payload).toEqual(bodyOf(2000, 1).subarray(1024));
    expect(answer(transfers, ask(1, 6), { peer: bob }).payload).toEqual(bodyOf(2000, 2).subarray(1024));
  });

  it('that is no longer there: GET is asked again, anything else is 4.08', () => {
    const server = serve(new ServerTransfers(), handler(bodyOf(2000)));
    expect(figure(server(ask(1, 6)))).toBe('2:1/0/1024');
    expect(server(ask(1, 6, path('down'), Code.POST)).code).toBe(Code.RequestEntityIncomplete);
    expect(server(ask(9, 6, path('elsewhere'))).code).toBe(Code.BadRequest);
  });

  it('is let go of with its last block; a late duplicate does not reach the handler', () => {
    const transfers = new ServerTransfers();
    const server = serve(transfers, handler(bodyOf(3000)), { peer: alice });
    server(part(Code.GET, path('down')));
    expect(transfers.bytes).toBeGreaterThan(3000);
    expect(transfers.unfinished(alice)).toBe(true);
    answer(transfers, ask(1, 6));
    answer(transfers, ask(2, 6));
    expect(transfers.bytes).toBeLessThan(1000);
    expect(transfers.unfinished(alice)).toBe(false);
    expect(answer(transfers, ask(1, 6)).code).toBe(Code.RequestEntityIncomplete);
  });

  it('of whole blocks ends with the last of them', () => {
    const transfers = new ServerTransfers();
    serve(transfers, handler(bodyOf(2048)), { peer: alice })(part(Code.GET, path('down')));
    expect(figure(answer(transfers, ask(1, 6)))).toBe('2:1/0/1024');
    expect(transfers.unfinished(alice)).toBe(false);
  });

  it('stays while blocks before the last have not been asked for', () => {
    const transfers = new ServerTransfers();
    serve(transfers, handler(bodyOf(3000)), { peer: alice })(part(Code.GET, path('down')));
    expect(figure(answer(transfers, ask(2, 6)))).toBe('2:2/0/1024');
    expect(figure(answer(transfers, ask(1, 6)))).toBe('2:1/1/1024');
    expect(figure(answer(transfers, ask(2, 6)))).toBe('2:2/0/1024');
    expect(transfers.unfinished(alice)).toBe(false);
  });

  it('past its end is a bad request', () => {
    const transfers = new ServerTransfers();
    serve(transfers, handler(bodyOf(3000)), { peer: alice })(part(Code.GET, path('down')));
    expect(answer(transfers, ask(3, 6)).code).toBe(Code.BadRequest);
    expect(answer(transfers, ask(2 ** 20 - 1, 6)).code).toBe(Code.BadRequest);
  });

  it('follows a request in blocks (figure 10)', () => {
    const room = { maxMessageBytes: 200, tokenLength: 1 };
    const transfer = new ClientTransfer(part(Code.POST, path('soap'), bodyOf(300)));
    const { last, log } = run(
      transfer,
      serve(new ServerTransfers(), (request) => part(Code.Changed, [], request.payload), { room }),
      room,
    );
    expect(log.map(({ request, response }) => [figure(request), figure(response)])).toEqual([
      ['1:0/1/128', '1:0/1/128'],
      ['1:1/1/128', '1:1/1/128'],
      ['2:0/0/128, 1:2/0/128', '2:0/1/128, 1:2/0/128'],
      ['2:1/0/128', '2:1/1/128'],
      ['2:2/0/128', '2:2/0/128'],
    ]);
    expect(last).toEqual({
      kind: 'done',
      response: part(Code.Changed, [opaqueOption(ETag, contentETag(bodyOf(300)))], bodyOf(300)),
    });
  });

  it('that cannot be sent is an error here', () => {
    const transfers = new ServerTransfers({ maxPeerBytes: 5000 });
    const respond = (response: MessagePart, room = WIDE) => {
      const { ticket } = handed(transfers, part(Code.GET, path('down')));
      return () => transfers.respond(ticket, response, room, 0);
    };
    expect(respond(content(bodyOf(5001)))).toThrow(BlockwiseError);
    expect(respond(part(Code.Content, path('x'.repeat(255))), { maxMessageBytes: 200, tokenLength: 4 })).toThrow(
      BlockwiseError,
    );
    expect(transfers.bytes).toBe(0);
  });

  it('fits the datagram with all its options, at any size of datagram', () => {
    for (let maxMessageBytes = 60; maxMessageBytes < 1300; maxMessageBytes += 31) {
      const room = { maxMessageBytes, tokenLength: 8 };
      const server = serve(new ServerTransfers(), handler(bodyOf(1500), [uintOption(OptionNumber.ContentFormat, 60)]), {
        room,
      });
      const { last, log } = run(new ClientTransfer(part(Code.GET, path('d'))), server, room);
      expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(1500) } });
      expect(log.every(({ request, response }) => fits(request, room) && fits(response, room))).toBe(true);
      expect(block2(log[1]!.request)!.szx).toBe(block2(log.at(-1)!.request)!.szx);
    }
  });
});

describe('processing a message twice', () => {
  it('is harmless for those that continue a transfer, and only for those', () => {
    const transfers = new ServerTransfers();
    const body = bodyOf(96);
    expect(transfers.continues(alice, block(body, 1, 1))).toBe(false);
    expect(transfers.continues(alice, block(body, 0, 1))).toBe(false);
    answer(transfers, block(body, 0, 1));
    expect(transfers.continues(alice, block(body, 1, 1))).toBe(true);
    expect(transfers.continues(bob, block(body, 1, 1))).toBe(false);
    expect(transfers.continues(alice, block(body, 0, 1))).toBe(false);
    expect(transfers.continues(alice, block(body, 2, 1))).toBe(false);

    expect(transfers.continues(alice, part(Code.GET, path('down')))).toBe(false);
    expect(transfers.continues(alice, ask(1, 6))).toBe(false);
    serve(transfers, () => content(bodyOf(3000)), { peer: alice })(part(Code.GET, path('down')));
    expect(transfers.continues(alice, ask(1, 6))).toBe(true);
    expect(transfers.continues(alice, ask(2, 6))).toBe(false);
    expect(transfers.continues(alice, ask(0, 6))).toBe(false);
  });
});

describe('what peers make the server hold', () => {
  const start = (server: ServerTransfers, peer: object, name: string, now = 0) =>
    server.receive(peer, block(bodyOf(4096), 0, 6, path(name)), WIDE, now);
  const proceed = (server: ServerTransfers, peer: object, name: string) =>
    answer(server, block(bodyOf(4096), 1, 6, path(name)), { peer }).code;

  it('is bounded in number for each peer: the least recently used goes', () => {
    const server = new ServerTransfers({ maxPeerBodies: 2 });
    for (const name of ['a', 'b', 'c']) start(server, alice, name);
    expect(['a', 'b', 'c'].map((name) => proceed(server, alice, name))).toEqual([
      Code.RequestEntityIncomplete,
      Code.Continue,
      Code.Continue,
    ]);
  });

  it('is bounded in memory for each peer', () => {
    const server = new ServerTransfers({ maxPeerBytes: 10_000 });
    for (let i = 0; i < 50; i++) {
      expect(start(server, alice, `t${i}`)).toMatchObject({ response: { code: Code.Continue } });
    }
    expect(server.bytes).toBeLessThanOrEqual(10_000);
    start(server, bob, 'mine');
    expect(proceed(server, bob, 'mine')).toBe(Code.Continue);
  });

  it('cannot be a single body above that: 4.13, and nothing else has to go for it', () => {
    const server = new ServerTransfers({ maxPeerBytes: 4500 });
    start(server, alice, 'other');
    const codes = [0, 1, 2, 3].map((num) => answer(server, block(bodyOf(8192), num, 6)).code);
    const { Continue, RequestEntityTooLarge, RequestEntityIncomplete } = Code;
    expect(codes).toEqual([Continue, Continue, RequestEntityTooLarge, RequestEntityIncomplete]);
    expect(proceed(server, alice, 'other')).toBe(Continue);
  });

  it('is bounded in memory in total, and what is used most recently stays', () => {
    const server = new ServerTransfers({ maxTotalBytes: 50_000 });
    start(server, alice, 'mine');
    for (let i = 0; i < 200; i++) {
      expect(start(server, { i }, 'theirs')).toMatchObject({ response: { code: Code.Continue } });
      expect(proceed(server, alice, 'mine')).toBe(Code.Continue);
    }
    expect(server.bytes).toBeLessThanOrEqual(50_000);
  });

  it('counts a request body until it is answered, and is refused (4.13 without a size) where nothing can go for it', () => {
    const server = new ServerTransfers({ maxTotalBytes: 5000 });
    answer(server, block(bodyOf(4000), 0, 6));
    answer(server, block(bodyOf(4000), 1, 6));
    answer(server, block(bodyOf(4000), 2, 6));
    const { ticket } = handed(server, block(bodyOf(4000), 3, 6));
    const refusal = answer(server, block(bodyOf(2048), 0, 6), { peer: bob });
    expect(refusal.code).toBe(Code.RequestEntityTooLarge);
    expect(findOption(refusal.options, Size1)).toBeUndefined();
    expect(server.unfinished(bob)).toBe(false);
    server.respond(ticket, part(Code.Changed), WIDE, 0);
    expect(answer(server, block(bodyOf(2048), 0, 6), { peer: bob }).code).toBe(Code.Continue);
  });

  it('is answered 5.03 where a response finds no memory', () => {
    const server = new ServerTransfers({ maxTotalBytes: 5000 });
    for (const num of [0, 1, 2]) answer(server, block(bodyOf(4000), num, 6));
    handed(server, block(bodyOf(4000), 3, 6));
    const respond = serve(server, () => content(bodyOf(2000)), { peer: bob });
    expect(respond(part(Code.GET, path('down'))).code).toBe(Code.ServiceUnavailable);
  });

  it('ends a lifetime after its last use', () => {
    const server = new ServerTransfers({ lifetime: 1000 });
    expect(server.nextExpiry()).toBeUndefined();
    start(server, alice, 'a', 0);
    start(server, bob, 'b', 400);
    answer(server, block(bodyOf(4096), 1, 6, path('a')), { now: 500 });
    expect(server.nextExpiry()).toBe(1400);
    server.expire(1399);
    expect(proceed(server, bob, 'b')).toBe(Code.Continue);
    server.expire(1500);
    expect(server.bytes).toBe(0);
    expect(server.nextExpiry()).toBeUndefined();
  });

  it('ends with the session', () => {
    const server = new ServerTransfers();
    start(server, alice, 'a');
    for (const num of [0, 1, 2]) answer(server, block(bodyOf(4000), num, 6));
    const { ticket } = handed(server, block(bodyOf(4000), 3, 6));
    server.forget(alice);
    expect(server.bytes).toBe(0);
    server.respond(ticket, part(Code.Changed), WIDE, 0);
    expect(server.bytes).toBe(0);
    expect(proceed(server, alice, 'a')).toBe(Code.RequestEntityIncomplete);

    for (const num of [0, 1, 2]) answer(server, block(bodyOf(4000), num, 6));
    handed(server, block(bodyOf(4000), 3, 6));
    expect(server.bytes).toBeGreaterThan(4000);
    server.forget(alice);
    expect(server.bytes).toBe(0);
  });
});
