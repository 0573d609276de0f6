import { Code, ContentFormat, OptionNumber } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  createServerSession,
  errorToCoap,
  type HttpHeaders,
  type MappedRequest,
  requestToHttp,
  responseToCoap,
} from '../src/index.ts';
import { accept, coap, format, fromCbor, get, hex, NOTHING, refused, text, uint, utf8 } from './support.ts';

const { TextPlain, OctetStream, Json, Cbor } = ContentFormat;

const put = (payload: Uint8Array, ...options: Parameters<typeof get>[1][]): MappedRequest =>
  requestToHttp(coap(Code.PUT, '9/!r/t/x', options, payload), createServerSession());

const contentType = (headers: HttpHeaders): string | undefined =>
  headers.find(([name]) => name === 'content-type')?.[1];

describe('request bodies', () => {
  it('R2, R5: CBOR becomes JSON, integer keys at any depth', () => {
    const { body, headers } = put(hex('a203a1181b6568656c6c6f02a10181a105f6'), format(Cbor));
    expect(JSON.parse(text(body))).toEqual({ content: { body: 'hello' }, type: { event_id: [{ room_id: null }] } });
    expect(contentType(headers)).toBe('application/json');
  });

  it('R3: the text form of a key wins, whatever the order', () => {
    expect(text(put(hex('a202616164747970656162'), format(Cbor)).body)).toBe('{"type":"b"}');
    expect(text(put(hex('a264747970656162026161'), format(Cbor)).body)).toBe('{"type":"b"}');
  });

  it('R4: a key "8" stays "8"', () => {
    expect(text(put(hex('a1613801'), format(Cbor)).body)).toBe('{"8":1}');
  });

  it.each([
    ['JSON', [format(Json)], 'application/json'],
    ['without a format: JSON', [], 'application/json'],
    ['text', [format(TextPlain)], 'text/plain; charset=utf-8'],
    ['bytes', [format(OctetStream)], 'application/octet-stream'],
  ])('pass as they are: %s', (_, options, type) => {
    const bytes = utf8('{"b": 1, "a": 1}');
    const { body, headers } = put(bytes, ...options);
    expect(body).toEqual(bytes);
    expect(contentType(headers)).toBe(type);
  });

  it.each([undefined, TextPlain, OctetStream, Json, Cbor, 41, 9999])(
    'no payload is no body, in format %s',
    (number) => {
      const { body, headers } = put(NOTHING, ...(number === undefined ? [] : [format(number)]));
      expect(body).toBeUndefined();
      expect(headers).toEqual([['accept', 'application/json']]);
    },
  );

  it.each([40, 41, 47, 51, 63, 272, 9999])('format %i is 4.15, to an existing client 4.00', (number) => {
    const request = coap(Code.PUT, '7', [format(number)], utf8('x'));
    const session = createServerSession();
    const error = refused('content_format', () => requestToHttp(request, session));
    expect(error.status).toBe(415);
    expect(errorToCoap(error, request, session).code).toBe(Code.BadRequest);
    expect(errorToCoap(error, request, { ...session, features: 16 }).code).toBe(Code.UnsupportedContentFormat);
  });

  it.each([
    ['a byte string', '41ff'],
    ['a byte string as a value', 'a1616141ff'],
    ['a break', 'ff'],
    ['a truncated map', 'a2616101'],
    ['bytes after the value', 'a000'],
    ['an unknown integer key', 'a1190fff01'],
    ['NaN', 'a16161f97e00'],
    ['JSON under the wrong label', '7b7d'],
  ])('bad CBOR is 400 M_NOT_JSON: %s', (_, digits) => {
    const request = coap(Code.POST, '1', [format(Cbor)], hex(digits));
    const session = createServerSession();
    const error = refused('body', () => requestToHttp(request, session));
    const answer = errorToCoap(error, request, session);
    expect(answer.code).toBe(Code.BadRequest);
    expect(uint(answer, OptionNumber.ContentFormat)).toBe(Cbor);
    expect(fromCbor(answer.payload)).toEqual({ errcode: 'M_NOT_JSON', error: error.message });
  });

  it('RFC 7252 5.5: a payload in a GET is ignored, in a DELETE it counts', () => {
    const session = createServerSession();
    expect(requestToHttp(coap(Code.GET, '7', [format(Cbor)], hex('ff')), session).body).toBeUndefined();
    const { body } = requestToHttp(coap(Code.DELETE, 'e/DEV', [format(Cbor)], hex('a0')), session);
    expect(text(body)).toBe('{}');
  });
});

describe('the format of the answer', () => {
  const answer = (headers: HttpHeaders, body: string, ...options: Parameters<typeof get>[1][]) => {
    const session = createServerSession();
    const request = requestToHttp(coap(Code.PUT, '9/!r/t/x', options, utf8('{}')), session);
    return responseToCoap({ status: 200, headers, body: utf8(body) }, request.answer, session);
  };
  const json: HttpHeaders = [['Content-Type', 'application/json']];

  it.each([
    ['CBOR unasked (R6)', [], Cbor],
    ['CBOR to bytes', [format(OctetStream)], Cbor],
    ['CBOR to text', [format(TextPlain)], Cbor],
    ['JSON to JSON (R7)', [format(Json)], Json],
    ['CBOR to JSON with Accept CBOR (R7)', [format(Json), accept(Cbor)], Cbor],
    ['JSON with Accept JSON', [accept(Json)], Json],
    ['JSON to bytes with Accept JSON', [format(OctetStream), accept(Json)], Json],
  ])('%s', (_, options, expected) => {
    const { options: out, payload } = answer(json, '{"a": [1]}', ...options);
    expect(uint({ options: out }, OptionNumber.ContentFormat)).toBe(expected);
    if (expected === Cbor) expect(fromCbor(payload)).toEqual({ a: [1] });
    else expect(text(payload)).toBe('{"a": [1]}');
  });

  it('R6: CBOR to CBOR', () => {
    const session = createServerSession();
    const request = requestToHttp(coap(Code.PUT, '7', [format(Cbor)], hex('a0')), session);
    const { options } = responseToCoap({ status: 200, headers: json, body: utf8('{}') }, request.answer, session);
    expect(uint({ options }, OptionNumber.ContentFormat)).toBe(Cbor);
  });

  it.each([0, 40, 42, 63])('Accept %i is 4.06, to an existing client 4.00, in CBOR', (number) => {
    const session = createServerSession();
    const request = get('7', accept(number));
    const error = refused('accept', () => requestToHttp(request, session));
    expect(error.status).toBe(406);
    const basic = errorToCoap(error, request, session);
    expect(basic.code).toBe(Code.BadRequest);
    expect(uint(basic, OptionNumber.ContentFormat)).toBe(Cbor);
    expect(errorToCoap(error, request, { ...session, features: 16 }).code).toBe(Code.NotAcceptable);
  });

  it('errors come in it too', () => {
    const session = createServerSession();
    for (const [request, expected] of [
      [get('nope', accept(Json)), Json],
      [coap(Code.PUT, 'nope', [format(Json)], utf8('{}')), Json],
      [get('nope'), Cbor],
    ] as const) {
      const error = refused('path', () => requestToHttp(request, session));
      const { options, payload } = errorToCoap(error, request, session);
      expect(uint({ options }, OptionNumber.ContentFormat)).toBe(expected);
      const body = expected === Json ? JSON.parse(text(payload)) : fromCbor(payload);
      expect(body).toEqual({ errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' });
    }
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'APPLICATION/JSON;charset=UTF-8',
    ' application/json ',
  ])('the homeserver may label JSON as "%s"', (type) => {
    expect(fromCbor(answer([['CONTENT-TYPE', type]], '{"a":1}').payload)).toEqual({ a: 1 });
  });

  it('or not at all', () => {
    expect(fromCbor(answer([], '{"a":1}').payload)).toEqual({ a: 1 });
  });

  it('a homeserver’s answer that is not JSON is 502, in every format', () => {
    const html: HttpHeaders = [['content-type', 'text/html']];
    for (const options of [[], [format(Json)]]) {
      expect(refused('upstream', () => answer(html, '<html>', ...options)).status).toBe(502);
      refused('upstream', () => answer(html, '{}', ...options));
      refused('upstream', () => answer(json, '<html>', ...options));
      refused('upstream', () => answer(json, '{"a":1', ...options));
      refused('upstream', () => answer([], '<html>', ...options));
    }
  });

  it.each([
    ['an integer beyond 64 bits', '{"n":123456789012345678901234567890}'],
    ['half a surrogate pair', '{"body":"\\ud83d"}'],
    ['200 arrays in each other', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`],
  ])('one event with %s costs nobody a /sync: the answer is then JSON', (_, exotic) => {
    for (const options of [[], [accept(Cbor)], [accept(Json)]]) {
      const response = answer(json, exotic, ...options);
      expect(uint(response, OptionNumber.ContentFormat)).toBe(Json);
      expect(text(response.payload)).toBe(exotic);
    }
    // What only begins like that is still no JSON.
    refused('upstream', () => answer(json, exotic.slice(0, -1)));
  });

  it('no body is no payload and no format', () => {
    expect(answer(json, '')).toMatchObject({ options: [], payload: NOTHING });
  });

  it('R1: keeps integers exact and unknown keys', () => {
    const { payload } = answer(json, '{"x.y":1700000000000,"n":9007199254740993,"f":1.5}', accept(Cbor));
    expect(text(requestToHttp(coap(2, '7', [format(Cbor)], payload), createServerSession()).body)).toBe(
      '{"x.y":1700000000000,"n":9007199254740993,"f":1.5}',
    );
  });
});
