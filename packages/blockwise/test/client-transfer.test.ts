import {
  type CoapOption,
  Code,
  emptyOption,
  findOption,
  OptionNumber,
  opaqueOption,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { type Block, BlockwiseError, blockOption, ClientTransfer, type MessagePart } from '../src/index.ts';
import { block1, block2, bodyOf, content, figure, NONE, part, path, run, WIDE } from './support.ts';

const { Block1, Block2, ETag, Size1, Size2 } = OptionNumber;
const get = part(Code.GET, path('status'));
const put = (length: number, options: CoapOption[] = path('options')) => part(Code.PUT, options, bodyOf(length));

/** Serves `body` block by block, in the sizes that are asked for but at most `szx`, as the RFC's figures do. */
function figureServer(
  body: Uint8Array,
  szx: number,
  options: CoapOption[] = [],
): (request: MessagePart) => MessagePart {
  return (request) => {
    const wanted = block2(request) ?? { num: 0, more: false, szx };
    const size = 16 << Math.min(szx, wanted.szx);
    const offset = wanted.num * (16 << wanted.szx);
    const block = { num: offset / size, more: offset + size < body.length, szx: Math.log2(size) - 4 };
    return part(Code.Content, [...options, blockOption(Block2, block)], body.subarray(offset, offset + size));
  };
}

describe('a response in blocks', () => {
  it('is fetched as in figure 2: a simple block-wise GET', () => {
    const { last, log } = run(new ClientTransfer(get), figureServer(bodyOf(380), 3));
    expect(log.map(({ request, response }) => [figure(request), figure(response)])).toEqual([
      ['', '2:0/1/128'],
      ['2:1/0/128', '2:1/1/128'],
      ['2:2/0/128', '2:2/0/128'],
    ]);
    expect(last).toEqual({ kind: 'done', response: content(bodyOf(380)) });
  });

  it('is fetched as in figure 3: early negotiation', () => {
    const wish = blockOption(Block2, { num: 0, more: false, szx: 2 });
    const { log } = run(new ClientTransfer({ ...get, options: [...get.options, wish] }), figureServer(bodyOf(180), 3));
    expect(log.map(({ request, response }) => [figure(request), figure(response)])).toEqual([
      ['2:0/0/64', '2:0/1/64'],
      ['2:1/0/64', '2:1/1/64'],
      ['2:2/0/64', '2:2/0/64'],
    ]);
  });

  it('asks for blocks that its own datagrams could hold', () => {
    const room = { maxMessageBytes: 200, tokenLength: 4 };
    const { last, log } = run(new ClientTransfer(get), figureServer(bodyOf(300), 6), room);
    expect(figure(log[0]!.request)).toBe('2:0/0/128');
    expect(figure(log[0]!.response)).toBe('2:0/1/128');
    expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(300) } });
    const tiny = new ClientTransfer(get).start({ maxMessageBytes: 40, tokenLength: 4 });
    expect(figure(tiny)).toBe('2:0/0/16');
  });

  it('repeats the options of the request, without a body and without If-None-Match', () => {
    const options = [...path('a'), emptyOption(OptionNumber.IfNoneMatch), uintOption(OptionNumber.Accept, 60)];
    const { log } = run(new ClientTransfer(part(Code.POST, options, bodyOf(5))), figureServer(bodyOf(40), 1));
    expect(log[1]!.request).toEqual(
      part(Code.POST, [
        ...path('a'),
        uintOption(OptionNumber.Accept, 60),
        blockOption(Block2, { num: 1, more: false, szx: 1 }),
      ]),
    );
  });

  it('goes on in the smaller blocks that the server turns to', () => {
    let calls = 0;
    const { last, log } = run(new ClientTransfer(get), (request) =>
      figureServer(bodyOf(380), calls++ === 0 ? 3 : 2)(request),
    );
    expect(log.map(({ request, response }) => [figure(request), figure(response)]).slice(0, 3)).toEqual([
      ['', '2:0/1/128'],
      ['2:1/0/128', '2:2/1/64'],
      ['2:3/0/64', '2:3/1/64'],
    ]);
    expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(380) } });
  });

  it('tells how far it is, and the size that the server named', () => {
    const transfer = new ClientTransfer(get);
    const server = figureServer(bodyOf(300), 3, [uintOption(Size2, 300)]);
    const step = transfer.receive(server(transfer.start(WIDE)), WIDE);
    expect(step.kind).toBe('send');
    expect([transfer.received, transfer.total]).toEqual([128, 300]);
  });

  it('starts again when the ETag changes, and gives up when it changes always', () => {
    let version = 0;
    const versions = [
      figureServer(bodyOf(40, 1), 1, [opaqueOption(ETag, Uint8Array.of(1))]),
      figureServer(bodyOf(70, 2), 1, [opaqueOption(ETag, Uint8Array.of(2))]),
    ];
    const { last, log } = run(new ClientTransfer(get), (request) => versions[Math.min(version++, 1)]!(request));
    expect(log.map(({ request }) => figure(request))).toEqual(['', '2:1/0/32', '', '2:1/0/32', '2:2/0/32']);
    expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(70, 2) } });
    expect(log.map(({ restarted }) => restarted)).toEqual([false, false, true, false, false]);

    let etag = 0;
    const restless = (request: MessagePart) =>
      figureServer(bodyOf(70), 1, [opaqueOption(ETag, Uint8Array.of(etag++))])(request);
    expect(run(new ClientTransfer(get), restless).last).toMatchObject({
      kind: 'failed',
      error: { reason: 'body_changed' },
    });
    const post = new ClientTransfer(part(Code.POST, path('a')));
    expect(run(post, restless).last).toMatchObject({
      kind: 'failed',
      error: { code: 'misbehaved', reason: 'body_changed' },
    });
  });

  it('does not mix Content-Formats', () => {
    let format = 0;
    const restless = (request: MessagePart) =>
      figureServer(bodyOf(70), 1, [uintOption(OptionNumber.ContentFormat, format++)])(request);
    expect(run(new ClientTransfer(get), restless).last).toMatchObject({ error: { reason: 'body_changed' } });
  });

  it('takes later blocks that leave the Content-Format out, as node-coap sends them', () => {
    const forgetful = (request: MessagePart) =>
      figureServer(
        bodyOf(70),
        1,
        block2(request) === undefined ? [uintOption(OptionNumber.ContentFormat, 42)] : [],
      )(request);
    const { last } = run(new ClientTransfer(get), forgetful);
    expect(last).toMatchObject({ kind: 'done', response: { payload: bodyOf(70) } });
  });

  it('ends with an error that comes in the middle, and takes an error that is in blocks itself', () => {
    const server = figureServer(bodyOf(70), 1);
    const { last } = run(new ClientTransfer(get), (request) =>
      block2(request) === undefined ? server(request) : part(Code.RequestEntityIncomplete),
    );
    expect(last).toEqual({ kind: 'done', response: part(Code.RequestEntityIncomplete) });

    const failing = run(new ClientTransfer(get), (request) => ({ ...server(request), code: Code.NotFound }));
    expect(failing.last).toEqual({ kind: 'done', response: part(Code.NotFound, [], bodyOf(70)) });
  });

  it('without a Block2 option is whole, even in the middle', () => {
    const server = figureServer(bodyOf(70), 1);
    const { last } = run(new ClientTransfer(get), (request) =>
      block2(request) === undefined ? server(request) : content(bodyOf(70)),
    );
    expect(last).toEqual({ kind: 'done', response: content(bodyOf(70)) });
  });

  it.each<[string, Block, number]>([
    ['begins elsewhere', { num: 1, more: true, szx: 1 }, 32],
    ['is shorter than its size', { num: 0, more: true, szx: 1 }, 31],
    ['is empty and promises more', { num: 0, more: true, szx: 0 }, 0],
  ])('fails when a block %s', (_, block, length) => {
    const transfer = new ClientTransfer(get);
    transfer.start(WIDE);
    const step = transfer.receive(part(Code.Content, [blockOption(Block2, block)], bodyOf(length)), WIDE);
    expect(step).toMatchObject({ kind: 'failed', error: { code: 'misbehaved', reason: 'bad_block' } });
  });

  it('fails when a block is repeated or left out', () => {
    const server = figureServer(bodyOf(200), 1);
    for (const num of [0, 2]) {
      const { last } = run(new ClientTransfer(get), (request) =>
        server(
          block2(request) === undefined
            ? request
            : { ...request, options: [blockOption(Block2, { num, more: false, szx: 1 })] },
        ),
      );
      expect(last).toMatchObject({ kind: 'failed', error: { reason: 'bad_block' } });
    }
  });

  it('fails on the reserved SZX', () => {
    for (const number of [Block1, Block2]) {
      const transfer = new ClientTransfer(part(Code.PUT, path('a'), bodyOf(3000)));
      transfer.start(WIDE);
      const code = number === Block1 ? Code.Continue : Code.Content;
      expect(transfer.receive(part(code, [{ number, value: Uint8Array.of(0x0f) }]), WIDE)).toMatchObject({
        kind: 'failed',
      });
    }
  });

  it('is held up to maxBodyBytes, by what arrives and by what is announced', () => {
    const { last, log } = run(new ClientTransfer(get, { maxBodyBytes: 100 }), figureServer(bodyOf(200), 1));
    expect(last).toMatchObject({ kind: 'failed', error: { reason: 'peer_body_too_large' } });
    expect(log).toHaveLength(4);
    const announced = figureServer(bodyOf(200), 1, [uintOption(Size2, 200)]);
    expect(run(new ClientTransfer(get, { maxBodyBytes: 100 }), announced).log).toHaveLength(1);
    const whole = run(new ClientTransfer(get, { maxBodyBytes: 100 }), () => content(bodyOf(101)));
    expect(whole.last).toMatchObject({ kind: 'failed', error: { reason: 'peer_body_too_large' } });
  });
});

describe('a request in blocks', () => {
  /** Takes everything; prefers blocks of at most `szx`. */
  function collector(szx = 6): { respond: (request: MessagePart) => MessagePart; body: () => Buffer } {
    const blocks: Uint8Array[] = [];
    return {
      body: () => Buffer.concat(blocks),
      respond: (request) => {
        const block = block1(request);
        blocks.push(request.payload);
        if (block === undefined) return part(Code.Changed);
        const echo = blockOption(Block1, { ...block, szx: Math.min(szx, block.szx) });
        return part(block.more ? Code.Continue : Code.Changed, [echo]);
      },
    };
  }
  const room = { maxMessageBytes: 160, tokenLength: 4 };

  it('is sent as in figure 7: a simple atomic block-wise PUT', () => {
    const server = collector();
    const { last, log } = run(
      new ClientTransfer(put(300, [...path('options'), blockOption(Block2, { num: 0, more: false, szx: 2 })])),
      server.respond,
      room,
    );
    expect(log.map(({ request, response }) => [figure(request), figure(response)])).toEqual([
      ['1:0/1/128', '1:0/1/128'],
      ['1:1/1/128', '1:1/1/128'],
      // Figure 11: the wish for a block size of the response goes with the last block.
      ['2:0/0/64, 1:2/0/128', '1:2/0/128'],
    ]);
    expect(server.body().equals(bodyOf(300))).toBe(true);
    expect(last).toEqual({ kind: 'done', response: part(Code.Changed) });
  });

  it('goes on in smaller blocks as in figure 9', () => {
    const server = collector(1);
    const { log } = run(new ClientTransfer(put(220)), server.respond, room);
    expect(log.map(({ request }) => figure(request).replace('2:0/0/64, ', ''))).toEqual([
      '1:0/1/128',
      '1:4/1/32',
      '1:5/1/32',
      '1:6/0/32',
    ]);
    expect(server.body().equals(bodyOf(220))).toBe(true);
  });

  it('names its size once, and leaves If-None-Match to the first block', () => {
    const { log } = run(
      new ClientTransfer(put(3000, [...path('a'), emptyOption(OptionNumber.IfNoneMatch)])),
      collector().respond,
    );
    expect(log.map(({ request }) => uintValue(request.options, Size1))).toEqual([3000, undefined, undefined]);
    expect(log.map(({ request }) => findOption(request.options, OptionNumber.IfNoneMatch) !== undefined)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is one message when it fits', () => {
    const { log } = run(new ClientTransfer(put(1200, [])), collector().respond);
    expect(log).toHaveLength(1);
    expect(log[0]!.request).toEqual(part(Code.PUT, [], bodyOf(1200)));
    const { log: two } = run(new ClientTransfer(put(1230, [])), collector().respond);
    expect(two.map(({ request }) => request.payload.length)).toEqual([1024, 206]);
  });

  it('starts again, once, when the server has lost it (4.08)', () => {
    let lost = 0;
    const forgetful = (times: number) => (request: MessagePart) =>
      block1(request)!.num > 0 && lost++ < times ? part(Code.RequestEntityIncomplete) : collector().respond(request);
    const { log, last } = run(new ClientTransfer(put(2000)), forgetful(1));
    expect(log.map(({ request }) => block1(request)!.num)).toEqual([0, 1, 0, 1]);
    expect(log.map(({ restarted }) => restarted)).toEqual([false, false, true, false]);
    expect(last).toMatchObject({ response: { code: Code.Changed } });
    lost = 0;
    expect(run(new ClientTransfer(put(2000)), forgetful(2)).last).toMatchObject({
      response: { code: Code.RequestEntityIncomplete },
    });
  });

  it('heeds 4.13: smaller blocks where it names them, blocks at all where there were none', () => {
    const picky = (request: MessagePart) => {
      const block = block1(request)!;
      if (block.szx > 4)
        return part(Code.RequestEntityTooLarge, [blockOption(Block1, { num: 0, more: false, szx: 4 })]);
      return collector().respond(request);
    };
    const smaller = run(new ClientTransfer(put(2000)), picky);
    expect(figure(smaller.log[1]!.request)).toBe('1:0/1/256');
    expect(smaller.last).toMatchObject({ response: { code: Code.Changed } });

    const server = collector();
    const blocksOnly = (request: MessagePart) =>
      block1(request) === undefined ? part(Code.RequestEntityTooLarge) : server.respond(request);
    const split = run(new ClientTransfer(put(1000)), blocksOnly);
    expect(split.log.map(({ request }) => figure(request))).toEqual(['', '1:0/1/512', '1:1/0/512']);
    expect(server.body().equals(bodyOf(1000))).toBe(true);
  });

  it('ends with a 4.13 that leaves no hope', () => {
    for (const length of [10, 1000]) {
      const limit = part(Code.RequestEntityTooLarge, [uintOption(Size1, length - 1)]);
      const { last, log } = run(new ClientTransfer(put(length)), () => limit);
      expect(log).toHaveLength(1);
      expect(last).toEqual({ kind: 'done', response: limit });
    }
    const refuse = () => part(Code.RequestEntityTooLarge, [blockOption(Block1, { num: 0, more: false, szx: 6 })]);
    expect(run(new ClientTransfer(put(3000)), refuse).log).toHaveLength(1);
  });

  it('goes on when the server acts on each block (figure 8)', () => {
    const { log, last } = run(new ClientTransfer(put(2000)), (request) =>
      part(Code.Changed, [blockOption(Block1, { ...block1(request)!, more: false })]),
    );
    expect(log).toHaveLength(2);
    expect(last).toMatchObject({ response: { code: Code.Changed } });
  });

  it.each([
    ['2.04 to a block that is not the last, without Block1', 2000, part(Code.Changed)],
    ['2.31 to the last block', 1100, part(Code.Continue, [blockOption(Block1, { num: 0, more: true, szx: 6 })])],
  ])('fails on %s', (_, length, response) => {
    const { last } = run(new ClientTransfer(put(length, path('x'.repeat(200)))), () => response);
    expect(last).toMatchObject({ kind: 'failed', error: { code: 'misbehaved', reason: 'bad_block' } });
  });

  it('ends with an error in the middle', () => {
    const { last, log } = run(new ClientTransfer(put(3000)), () => part(Code.Unauthorized));
    expect(log).toHaveLength(1);
    expect(last).toEqual({ kind: 'done', response: part(Code.Unauthorized) });
  });

  it('may have as many blocks as NUM can count', () => {
    const body = new Uint8Array(16 * 2 ** 20);
    const first = new ClientTransfer(part(Code.PUT, [], body)).start({ maxMessageBytes: 40, tokenLength: 4 });
    expect(first.payload).toHaveLength(16);
  });

  it('follows a room that shrinks, down to none', () => {
    const transfer = new ClientTransfer(put(1500));
    transfer.start(WIDE);
    const proceed = part(Code.Continue, [blockOption(Block1, { num: 0, more: true, szx: 6 })]);
    const step = transfer.receive(proceed, { maxMessageBytes: 300, tokenLength: 4 });
    expect(step.kind === 'send' && figure(step.request)).toBe('1:4/1/256');
    expect(transfer.sent).toBe(1024);
    expect(transfer.receive(proceed, { maxMessageBytes: 30, tokenLength: 4 })).toMatchObject({
      kind: 'failed',
      error: { code: 'refused', reason: 'no_room' },
    });
  });
});

describe('a request is refused', () => {
  it.each<[string, () => unknown, string]>([
    ['with a body above the limit', () => new ClientTransfer(put(11), { maxBodyBytes: 10 }), 'body_too_large'],
    ['with a Block1 of its own', () => new ClientTransfer(part(Code.PUT, [emptyOption(Block1)])), 'already_blockwise'],
    ['with a Size1 of its own', () => new ClientTransfer(part(Code.PUT, [emptyOption(Size1)])), 'already_blockwise'],
    [
      'for a later block alone',
      () => new ClientTransfer(part(Code.GET, [blockOption(Block2, { num: 1, more: false, szx: 2 })])),
      'already_blockwise',
    ],
    [
      'whose options fill the datagram',
      () => new ClientTransfer(put(100, path('x'.repeat(255)))).start({ maxMessageBytes: 270, tokenLength: 4 }),
      'no_room',
    ],
    [
      'whose options alone do not fit',
      () =>
        new ClientTransfer(part(Code.GET, path('x'.repeat(255)), NONE)).start({ maxMessageBytes: 100, tokenLength: 4 }),
      'no_room',
    ],
    [
      'with more blocks than NUM can count',
      () =>
        new ClientTransfer(part(Code.PUT, [], new Uint8Array(16 * 2 ** 20 + 1))).start({
          maxMessageBytes: 40,
          tokenLength: 4,
        }),
      'body_too_large',
    ],
  ])('%s', (_, attempt, reason) => {
    let error: unknown;
    try {
      attempt();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(BlockwiseError);
    expect(error).toMatchObject({ code: 'refused', reason });
  });
});
