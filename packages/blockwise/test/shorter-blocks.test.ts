/** What was too long for the path goes again, in shorter blocks. */
import { Code, OptionNumber, stringOption, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  blockOption,
  ClientTransfer,
  findBlock,
  fits,
  fitsAtAll,
  largestSzx,
  type MessagePart,
  type Room,
  ServerTransfers,
  type Ticket,
} from '../src/index.ts';

const WIDE: Room = { maxMessageBytes: 1152, tokenLength: 4 };
const NARROW: Room = { maxMessageBytes: 360, most: 1152, tokenLength: 4 };
const NONE = new Uint8Array();
const BODY = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
const path = [stringOption(OptionNumber.UriPath, 'a')];
const request = (code: number, payload: Uint8Array): MessagePart => ({ code, options: path, payload });

describe('a client', () => {
  it('divides an upload anew, from what the server has on', () => {
    const transfer = new ClientTransfer(request(Code.POST, BODY));
    expect(findBlock(transfer.start(WIDE).options, OptionNumber.Block1)).toEqual({ num: 0, more: true, szx: 6 });
    const go = { code: Code.Continue, options: [blockOption(OptionNumber.Block1, { num: 0, more: true, szx: 6 })] };
    transfer.receive({ ...go, payload: NONE }, WIDE);
    const again = transfer.again(NARROW)!;
    expect(findBlock(again.options, OptionNumber.Block1)).toEqual({ num: 4, more: true, szx: 4 });
    expect(again.payload).toEqual(BODY.subarray(1024, 1280));
  });

  it.each([
    ['PUT', Code.PUT, true],
    ['FETCH', Code.FETCH, true],
    ['POST', Code.POST, false],
    ['PATCH', Code.PATCH, false],
  ])('divides a %s that was one message: only if it may have its effect twice', (_name, code, divided) => {
    const transfer = new ClientTransfer(request(code, BODY.subarray(0, 1000)));
    expect(transfer.start(WIDE).payload.length).toBe(1000);
    expect(transfer.again(NARROW)?.payload.length).toBe(divided ? 256 : undefined);
  });

  it('does not divide the last block of a POST', () => {
    const transfer = new ClientTransfer(request(Code.POST, BODY.subarray(0, 1900)));
    transfer.start(WIDE);
    const go = { code: Code.Continue, options: [blockOption(OptionNumber.Block1, { num: 0, more: true, szx: 6 })] };
    transfer.receive({ ...go, payload: NONE }, WIDE);
    expect(transfer.again(NARROW)).toBeUndefined();
  });
});

describe('a server', () => {
  function answered(payload: Uint8Array) {
    const transfers = new ServerTransfers();
    const peer = {};
    const asked = request(Code.GET, NONE);
    const arrival = transfers.receive(peer, asked, WIDE, 0) as { readonly ticket: Ticket };
    const response = transfers.respond(arrival.ticket, { code: Code.Content, options: [], payload }, WIDE, 0);
    return { transfers, peer, asked, response };
  }

  it.each([1000, 5000])('answers again in shorter blocks, and gives the rest of %i bytes', (length) => {
    const body = BODY.subarray(0, length);
    const { transfers, peer, asked, response } = answered(body);
    let part = transfers.again(peer, asked, response, NARROW, 1)!;
    expect(fits(part, NARROW)).toBe(true);
    const received: number[] = [...part.payload];
    for (let block = findBlock(part.options, OptionNumber.Block2); typeof block === 'object' && block.more; ) {
      const wanted = blockOption(OptionNumber.Block2, { num: block.num + 1, more: false, szx: block.szx });
      const arrival = transfers.receive(peer, { ...asked, options: [...path, wanted] }, NARROW, 2);
      if (arrival.kind !== 'answer') throw new Error('the body is gone');
      part = arrival.response;
      received.push(...part.payload);
      block = findBlock(part.options, OptionNumber.Block2);
    }
    expect(Uint8Array.from(received)).toEqual(body);
  });

  it('does not answer with the body of another request, or of one that is gone', () => {
    const { transfers, peer, asked, response } = answered(BODY);
    const later = transfers.receive(peer, asked, WIDE, 1) as { readonly ticket: Ticket };
    transfers.respond(later.ticket, { code: Code.Content, options: [], payload: BODY.slice(1) }, WIDE, 1);
    expect(transfers.again(peer, asked, response, NARROW, 2)).toBeUndefined();
    transfers.forget(peer);
    expect(transfers.again(peer, asked, response, NARROW, 3)).toBeUndefined();
  });
});

describe('a room with more than should be used', () => {
  const long = [...path, stringOption(OptionNumber.UriPath, 'x'.repeat(250)), uintOption(OptionNumber.Size1, 1)];

  it('takes blocks beside long options all the same', () => {
    const narrow = { ...NARROW, maxMessageBytes: 220 };
    expect(largestSzx(Code.PUT, long, OptionNumber.Block1, narrow)).toBe(5);
    expect(largestSzx(Code.PUT, long, OptionNumber.Block1, { ...narrow, most: undefined })).toBeUndefined();
    const part = { code: Code.GET, options: long, payload: NONE };
    expect([fits(part, narrow), fitsAtAll(part, narrow)]).toEqual([false, true]);
    expect(fitsAtAll(part, { ...narrow, most: undefined })).toBe(false);
  });

  it('takes a request without a body whose options are long', () => {
    const narrow = { ...NARROW, maxMessageBytes: 220 };
    const part = new ClientTransfer({ code: Code.GET, options: long.slice(0, 2), payload: NONE }).start(narrow);
    expect(fitsAtAll(part, narrow)).toBe(true);
  });
});
