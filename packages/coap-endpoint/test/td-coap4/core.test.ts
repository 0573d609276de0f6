import {
  type CoapOption,
  Code,
  emptyOption,
  encodeMessage,
  OptionNumber,
  opaqueOption,
  stringOption,
  Type,
  uintOption,
} from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import type { CoapRequest } from '../../src/index.ts';
import type { Sent } from '../support/link.ts';
import { NONE, path, text } from '../support/messages.ts';
import { type Bench, bench } from '../support/td-coap4.ts';

/** The ETSI test descriptions for CoAP, base.yml, with our client and our server: each message that crosses the wire. */
const plain = uintOption(OptionNumber.ContentFormat, 0);
const ask = (code: number, segments: string[], more: CoapOption[] = [], payload = NONE): CoapRequest => ({
  code,
  options: [...path(...segments), ...more],
  payload,
});
const non = (request: CoapRequest): CoapRequest => ({ ...request, confirmable: false });

async function exchange({ time, client, wire }: Bench, request: CoapRequest): Promise<string[]> {
  await time.until(client.request(request));
  await time.advance(100);
  return wire();
}

describe('TD_COAP_CORE', () => {
  it.each<[string, CoapRequest, string[]]>([
    [
      '01 GET, CON',
      ask(Code.GET, ['test']),
      ['> CON GET C1 T1 Uri-Path:test', '< ACK 2.05 C1 T1 Content-Format:0 "test"'],
    ],
    ['02 DELETE, CON', ask(Code.DELETE, ['test']), ['> CON DELETE C1 T1 Uri-Path:test', '< ACK 2.02 C1 T1']],
    [
      '03 PUT, CON',
      ask(Code.PUT, ['test'], [plain], text('x')),
      ['> CON PUT C1 T1 Uri-Path:test Content-Format:0 "x"', '< ACK 2.04 C1 T1'],
    ],
    [
      '04 POST, CON',
      ask(Code.POST, ['test'], [plain], text('x')),
      [
        '> CON POST C1 T1 Uri-Path:test Content-Format:0 "x"',
        '< ACK 2.01 C1 T1 Location-Path:location1 Location-Path:location2 Location-Path:location3',
      ],
    ],
    [
      '05 GET, NON',
      non(ask(Code.GET, ['test'])),
      ['> NON GET C1 T1 Uri-Path:test', '< NON 2.05 S1 T1 Content-Format:0 "test"'],
    ],
    ['06 DELETE, NON', non(ask(Code.DELETE, ['test'])), ['> NON DELETE C1 T1 Uri-Path:test', '< NON 2.02 S1 T1']],
    [
      '07 PUT, NON',
      non(ask(Code.PUT, ['test'], [plain], text('x'))),
      ['> NON PUT C1 T1 Uri-Path:test Content-Format:0 "x"', '< NON 2.04 S1 T1'],
    ],
    [
      '08 POST, NON',
      non(ask(Code.POST, ['test'], [plain], text('x'))),
      [
        '> NON POST C1 T1 Uri-Path:test Content-Format:0 "x"',
        '< NON 2.01 S1 T1 Location-Path:location1 Location-Path:location2 Location-Path:location3',
      ],
    ],
    [
      '09 GET with a separate response, CON',
      ask(Code.GET, ['separate']),
      [
        '> CON GET C1 T1 Uri-Path:separate',
        '< ACK 0.00 C1',
        '< CON 2.05 S1 T1 Content-Format:0 "late"',
        '> ACK 0.00 S1',
      ],
    ],
    [
      '13 several Uri-Path options',
      ask(Code.GET, ['seg1', 'seg2', 'seg3']),
      ['> CON GET C1 T1 Uri-Path:seg1 Uri-Path:seg2 Uri-Path:seg3', '< ACK 2.05 C1 T1 Content-Format:0 "deep"'],
    ],
    [
      '14 several Uri-Query options',
      ask(
        Code.GET,
        ['query'],
        ['first=1', 'second=2', 'third=3'].map((value) => stringOption(OptionNumber.UriQuery, value)),
      ),
      [
        '> CON GET C1 T1 Uri-Path:query Uri-Query:first=1 Uri-Query:second=2 Uri-Query:third=3',
        '< ACK 2.05 C1 T1 Content-Format:0 "first=1&second=2&third=3"',
      ],
    ],
    [
      '17 GET with a separate response, NON',
      non(ask(Code.GET, ['separate'])),
      ['> NON GET C1 T1 Uri-Path:separate', '< NON 2.05 S1 T1 Content-Format:0 "late"'],
    ],
    [
      '18 several Location-Path options',
      ask(Code.POST, ['test'], [plain], text('x')),
      [
        '> CON POST C1 T1 Uri-Path:test Content-Format:0 "x"',
        '< ACK 2.01 C1 T1 Location-Path:location1 Location-Path:location2 Location-Path:location3',
      ],
    ],
    [
      '19 several Location-Query options',
      ask(Code.POST, ['location-query'], [plain], text('x')),
      [
        '> CON POST C1 T1 Uri-Path:location-query Content-Format:0 "x"',
        '< ACK 2.01 C1 T1 Location-Query:first=1 Location-Query:second=2',
      ],
    ],
  ])('%s', async (_, request, expected) => {
    expect(await exchange(bench(), request)).toEqual(expected);
  });

  it.each([
    ['10 GET with a non-empty token', ask(Code.GET, ['test'])],
    ['11 the same with a separate response', ask(Code.GET, ['separate'])],
  ])('%s', async (_, request) => {
    const all = bench();
    await exchange(all, request);
    const tokens = all.link.log.flatMap(({ message }) => (message!.code === 0 ? [] : [message!.token]));
    expect(tokens).toHaveLength(2);
    expect(tokens[0]!.length).toBeGreaterThanOrEqual(1);
    expect(tokens[0]!.length).toBeLessThanOrEqual(8);
    expect(tokens[1]).toEqual(tokens[0]);
  });

  // Our client always sends a token; "not all clients may be able to send a zero-length Token".
  it('12 GET with an empty token: the server', async () => {
    const { time, link, wire } = bench();
    const request = { type: Type.CON, code: Code.GET, messageId: 1, token: NONE, options: path('test'), payload: NONE };
    link.client.send(encodeMessage(request));
    await time.advance(100);
    expect(wire()).toEqual(['> CON GET C1 Uri-Path:test', '< ACK 2.05 C1 Content-Format:0 "test"']);
  });

  it.each([
    ['request', 0],
    ['response', 1],
  ])('15 GET where the %s is lost: sent again, and answered alike', async (_, lost) => {
    const one = ['> CON GET C1 T1 Uri-Path:test', '< ACK 2.05 C1 T1 Content-Format:0 "test"'];
    expect(await exchange(dropping(lost), ask(Code.GET, ['test']))).toEqual([...one.slice(0, lost + 1), ...one]);
  });

  it.each([
    ['request is lost', 0, ['> CON GET', '> CON GET', '< ACK 0.00', '< CON 2.05', '> ACK 0.00']],
    [
      'acknowledgement is lost: the response ends the retransmission',
      1,
      ['> CON GET', '< ACK 0.00', '< CON 2.05', '> ACK 0.00'],
    ],
    ['response is lost', 2, ['> CON GET', '< ACK 0.00', '< CON 2.05', '< CON 2.05', '> ACK 0.00']],
    [
      'acknowledgement of the response is lost',
      3,
      ['> CON GET', '< ACK 0.00', '< CON 2.05', '> ACK 0.00', '< CON 2.05', '> ACK 0.00'],
    ],
  ])('16 GET with a separate response, where the %s', async (_, lost, expected) => {
    const all = dropping(lost);
    await all.time.until(all.client.request(ask(Code.GET, ['separate'])));
    await all.time.advance(60_000);
    expect(all.wire().map((line) => line.slice(0, 10).trimEnd())).toEqual(expected.map((line) => line.slice(0, 10)));
  });

  it('20 GET with Accept', async () => {
    const all = bench();
    const accept = (number: number) => ask(Code.GET, ['multi-format'], [uintOption(OptionNumber.Accept, number)]);
    expect([...(await exchange(all, accept(0))), ...(await exchange(all, accept(41)))]).toEqual([
      '> CON GET C1 T1 Uri-Path:multi-format Accept:0',
      '< ACK 2.05 C1 T1 Content-Format:0 "text"',
      '> CON GET C2 T2 Uri-Path:multi-format Accept:41',
      '< ACK 2.05 C2 T2 Content-Format:41 "<text/>"',
    ]);
  });

  it('21 GET with ETag', async () => {
    const all = bench();
    const etag = opaqueOption(OptionNumber.ETag, Uint8Array.of(1));
    const lines = [
      ...(await exchange(all, ask(Code.GET, ['validate']))),
      ...(await exchange(all, ask(Code.GET, ['validate'], [etag]))),
      ...(await exchange(all, ask(Code.PUT, ['validate'], [plain], text('then')))),
      ...(await exchange(all, ask(Code.GET, ['validate'], [etag]))),
    ];
    expect(lines).toEqual([
      '> CON GET C1 T1 Uri-Path:validate',
      '< ACK 2.05 C1 T1 ETag:01 Content-Format:0 "at first"',
      '> CON GET C2 T2 ETag:01 Uri-Path:validate',
      '< ACK 2.03 C2 T2 ETag:01',
      '> CON PUT C3 T3 Uri-Path:validate Content-Format:0 "then"',
      '< ACK 2.04 C3 T3',
      '> CON GET C4 T4 ETag:01 Uri-Path:validate',
      '< ACK 2.05 C4 T4 ETag:02 Content-Format:0 "then"',
    ]);
  });

  it('22 PUT with If-Match', async () => {
    const all = bench();
    const match = (version: number) => [opaqueOption(OptionNumber.IfMatch, Uint8Array.of(version)), plain];
    const lines = [
      ...(await exchange(all, ask(Code.GET, ['validate']))),
      ...(await exchange(all, ask(Code.PUT, ['validate'], match(1), text('second')))),
      ...(await exchange(all, ask(Code.GET, ['validate']))),
      ...(await exchange(all, ask(Code.PUT, ['validate'], [plain], text('third')))),
      ...(await exchange(all, ask(Code.PUT, ['validate'], match(2), text('fourth')))),
      ...(await exchange(all, ask(Code.GET, ['validate']))),
    ];
    expect(lines).toEqual([
      '> CON GET C1 T1 Uri-Path:validate',
      '< ACK 2.05 C1 T1 ETag:01 Content-Format:0 "at first"',
      '> CON PUT C2 T2 If-Match:01 Uri-Path:validate Content-Format:0 "second"',
      '< ACK 2.04 C2 T2',
      '> CON GET C3 T3 Uri-Path:validate',
      '< ACK 2.05 C3 T3 ETag:02 Content-Format:0 "second"',
      '> CON PUT C4 T4 Uri-Path:validate Content-Format:0 "third"',
      '< ACK 2.04 C4 T4',
      '> CON PUT C5 T5 If-Match:02 Uri-Path:validate Content-Format:0 "fourth"',
      '< ACK 4.12 C5 T5',
      '> CON GET C6 T6 Uri-Path:validate',
      '< ACK 2.05 C6 T6 ETag:03 Content-Format:0 "third"',
    ]);
  });

  it('23 PUT with If-None-Match', async () => {
    const all = bench();
    const create = () =>
      exchange(all, ask(Code.PUT, ['create1'], [emptyOption(OptionNumber.IfNoneMatch), plain], text('x')));
    expect([...(await create()), ...(await create())]).toEqual([
      '> CON PUT C1 T1 If-None-Match Uri-Path:create1 Content-Format:0 "x"',
      '< ACK 2.01 C1 T1',
      '> CON PUT C2 T2 If-None-Match Uri-Path:create1 Content-Format:0 "x"',
      '< ACK 4.12 C2 T2',
    ]);
  });

  it('31 ping: four bytes each way', async () => {
    const { time, link, client, wire } = bench();
    await time.until(client.ping());
    expect(wire()).toEqual(['> CON 0.00 C1', '< RST 0.00 C1']);
    expect(link.log.map(({ hex }) => hex.length / 2)).toEqual([4, 4]);
  });
});

/** A bench that loses one datagram, counted from 0. */
function dropping(lost: number): Bench {
  let count = 0;
  return bench({ drop: (_: Sent) => count++ === lost });
}
