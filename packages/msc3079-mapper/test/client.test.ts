import { Code, ContentFormat, encodedLength, OptionNumber, Type, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  type ClientSession,
  type ClientSessionOptions,
  type CoapParts,
  createClientSession,
  featuresLost,
  type HttpRequest,
  keyTableRefused,
  type MappedCoapRequest,
  PrivateOption,
  requestToCoap,
  responseToHttp,
} from '../src/index.ts';
import { announce, format, fromCbor, hex, NOTHING, refused, text, toHex, uint, utf8, values } from './support.ts';

const { TextPlain, OctetStream, Json, Cbor } = ContentFormat;
const { Authorization, CborKeys, UriPath } = OptionNumber;

const sync = (token?: string): HttpRequest => ({
  method: 'GET',
  target: '/_matrix/client/v3/sync',
  headers: token === undefined ? [] : [['authorization', `Bearer ${token}`]],
});

const send = (session: ClientSession, type: string | undefined, body: Uint8Array, method = 'PUT'): MappedCoapRequest =>
  requestToCoap(
    { method, target: '/_matrix/client/v3/sync', headers: type === undefined ? [] : [['Content-Type', type]], body },
    session,
  );

const ok: CoapParts = { code: Code.Content, options: [], payload: NOTHING };
const json = (code: number, body: string): CoapParts => ({ code, options: [format(Json)], payload: utf8(body) });

const carried = (request: CoapParts): number[] =>
  request.options.map(({ number }) => number).filter((number) => number !== UriPath);

describe('sticky options', () => {
  const quiet: ClientSessionOptions = { announce: false };

  it('R12: are repeated until a response to a request that carried them has arrived', () => {
    const session = createClientSession({ askKeyTable: true });
    const all = [Authorization, CborKeys, PrivateOption.Features];
    const first = requestToCoap(sync('a'), session);
    expect(carried(first)).toEqual(all);
    const second = requestToCoap(sync('a'), session);
    expect(carried(second)).toEqual(all);
    responseToHttp(ok, second, session);
    expect(carried(requestToCoap(sync('a'), session))).toEqual([]);
  });

  it('a response to a request that did not carry them settles nothing', () => {
    const session = createClientSession(quiet);
    const before = requestToCoap(sync(), session);
    expect(carried(requestToCoap(sync('a'), session))).toEqual([Authorization]);
    responseToHttp(ok, before, session);
    expect(carried(requestToCoap(sync('a'), session))).toEqual([Authorization]);
  });

  it.each(['2.31', '4.00', '4.02', '4.08', '4.13', '5.03', '5.05'])(
    'nor does %s, which the mapper may not have seen',
    (code) => {
      const session = createClientSession(quiet);
      const request = requestToCoap(sync('a'), session);
      const [cls, detail] = code.split('.').map(Number) as [number, number];
      const response = { ...ok, code: (cls << 5) | detail };
      if (code === '2.31') refused('response', () => responseToHttp(response, request, session));
      else responseToHttp(response, request, session);
      expect(carried(requestToCoap(sync('a'), session))).toEqual([Authorization]);
    },
  );

  it.each([Code.Forbidden, Code.NotFound, Code.Conflict, Code.TooManyRequests, Code.BadGateway])(
    'but an error of the homeserver does (code %i)',
    (code) => {
      const session = createClientSession(quiet);
      responseToHttp({ ...ok, code }, requestToCoap(sync('a'), session), session);
      expect(carried(requestToCoap(sync('a'), session))).toEqual([]);
    },
  );

  it('R11: the token goes without "Bearer "', () => {
    const request = requestToCoap(sync('syt_x'), createClientSession(quiet));
    expect(values(request, Authorization)).toEqual(['syt_x']);
  });

  it('R13: a token above 255 bytes goes whole', () => {
    const token = 'x'.repeat(65_804);
    expect(values(requestToCoap(sync(token), createClientSession(quiet)), Authorization)).toEqual([token]);
  });

  it('R14: every session starts anew', () => {
    const session = createClientSession(quiet);
    responseToHttp(ok, requestToCoap(sync('a'), session), session);
    expect(carried(requestToCoap(sync('a'), createClientSession(quiet)))).toEqual([Authorization]);
  });

  it('one connection carries one token: for another, or for none, the caller takes another connection', () => {
    const session = createClientSession(quiet);
    requestToCoap(sync(), session);
    requestToCoap(sync('a'), session);
    refused('token_bound', () => requestToCoap(sync('b'), session));
    refused('token_bound', () => requestToCoap(sync(), session));
    expect(session.token).toBe('a');
    expect(values(requestToCoap(sync('a'), session), Authorization)).toEqual(['a']);
  });

  it('a request that cannot be mapped leaves the session as it was', () => {
    const session = createClientSession();
    refused('target', () => requestToCoap({ ...sync('a'), target: 'x' }, session));
    refused('body', () => send(session, undefined, utf8('{')));
    expect(session).toEqual(createClientSession());
  });

  it.each([
    ['a logout', { method: 'POST', target: '/_matrix/client/v3/logout' }, json(Code.Changed, '{}')],
    ['a logout everywhere', { method: 'POST', target: '/_matrix/client/r0/logout/all' }, json(Code.Content, '{}')],
    ['M_UNKNOWN_TOKEN', {}, json(Code.Unauthorized, '{"errcode":"M_UNKNOWN_TOKEN"}')],
  ])('after %s the next request says that there is no token, or carries a new one', (_, change, response) => {
    const session = createClientSession(quiet);
    const request = requestToCoap({ ...sync('a'), ...change }, session);
    responseToHttp(response, request, session);
    const next = requestToCoap(sync(), session);
    expect(values(next, Authorization)).toEqual(['']);
    responseToHttp(ok, request, session);
    expect(values(requestToCoap(sync(), session), Authorization)).toEqual(['']);
    responseToHttp(ok, next, session);
    expect(carried(requestToCoap(sync(), session))).toEqual([]);
    expect(values(requestToCoap(sync('b'), session), Authorization)).toEqual(['b']);
  });

  it('a logout that failed changes nothing', () => {
    const session = createClientSession(quiet);
    const request = requestToCoap({ ...sync('a'), method: 'POST', target: '/_matrix/client/v3/logout' }, session);
    responseToHttp(json(Code.BadGateway, '{"errcode":"M_UNKNOWN"}'), request, session);
    expect(session.token).toBe('a');
  });
});

describe('option 257', () => {
  it('R26: is sent only where the caller says that the server advertised it', () => {
    expect(uint(requestToCoap(sync(), createClientSession()), CborKeys)).toBeUndefined();
    expect(uint(requestToCoap(sync(), createClientSession({ askKeyTable: true })), CborKeys)).toBe(1);
  });

  it('R26: is given up after a 4.02, once', () => {
    const session = createClientSession({ askKeyTable: true });
    const request = requestToCoap(sync(), session);
    const refusal = { code: Code.BadOption, options: [], payload: NOTHING };
    expect(keyTableRefused(ok, request, session)).toBe(false);
    expect(keyTableRefused(refusal, request, session)).toBe(true);
    const again = requestToCoap(sync(), session);
    expect(uint(again, CborKeys)).toBeUndefined();
    expect(uint(again, PrivateOption.Features)).toBe(16);
    expect(keyTableRefused(refusal, again, session)).toBe(false);
  });
});

describe('option 65002', () => {
  it('announces exact codes unless told not to', () => {
    expect(uint(requestToCoap(sync(), createClientSession()), PrivateOption.Features)).toBe(16);
    expect(carried(requestToCoap(sync(), createClientSession({ announce: false })))).toEqual([]);
  });

  it('announces another way of sending where the endpoint can do that, also when bodies pass as they are', () => {
    for (const transcode of [true, false]) {
      const session = createClientSession({ transmission: true, tables: 2, transcode });
      expect(uint(requestToCoap(sync(), session), PrivateOption.Features)).toBe(transcode ? 0x33 : 0x30);
    }
  });

  it('a 4.15 is not taken for lost features where no form was agreed on', () => {
    const session = createClientSession({ transmission: true });
    responseToHttp({ ...ok, options: [announce(0x30)] }, requestToCoap(sync(), session), session);
    expect(session.features).toBe(0x30);
    expect(
      featuresLost({ code: Code.UnsupportedContentFormat, options: [] }, requestToCoap(sync(), session), session),
    ).toBe(false);
  });

  it('comes back with what the server accepted', () => {
    const session = createClientSession();
    responseToHttp(ok, requestToCoap(sync(), session), session);
    expect(session.features).toBeUndefined();
    responseToHttp({ ...ok, options: [announce(16)] }, requestToCoap(sync(), session), session);
    responseToHttp(ok, requestToCoap(sync(), session), session);
    expect(session.features).toBe(16);
  });
});

describe('bodies of requests', () => {
  it.each([undefined, 'application/json', 'Application/JSON; charset=utf-8'])('JSON (%s) goes as CBOR', (type) => {
    const request = send(createClientSession(), type, utf8('{"event_id":"$e"}'));
    expect(uint(request, OptionNumber.ContentFormat)).toBe(Cbor);
    expect(toHex(request.payload)).toBe('a101622465');
  });

  it('with text keys where the server knows no others', () => {
    const request = send(createClientSession({ keyTable: 0 }), undefined, utf8('{"event_id":"$e"}'));
    expect(toHex(request.payload)).toBe('a1686576656e745f6964622465');
  });

  it.each([
    ['application/cbor', Cbor],
    ['text/plain', TextPlain],
    ['text/plain; charset=utf-8', TextPlain],
    ['application/octet-stream', OctetStream],
  ])('%s goes as it is', (type, number) => {
    for (const transcode of [true, false]) {
      const request = send(createClientSession({ transcode }), type, hex('ff00'));
      expect(uint(request, OptionNumber.ContentFormat)).toBe(number);
      expect(toHex(request.payload)).toBe('ff00');
    }
  });

  it.each([
    ['application/json', Json],
    [undefined, undefined],
  ])('a session that does not transcode sends %s as it is', (type, number) => {
    const request = send(createClientSession({ transcode: false }), type, utf8('{x'));
    expect(uint(request, OptionNumber.ContentFormat)).toBe(number);
    expect(text(request.payload)).toBe('{x');
  });

  it.each(['image/png', 'application/xml', 'text/plain; charset=latin1', 'json', ''])(
    '"%s" has no CoAP form',
    (type) => {
      expect(refused('content_format', () => send(createClientSession(), type, utf8('{}'))).status).toBe(415);
    },
  );

  it('no body is no payload and no format', () => {
    const request = send(createClientSession({ announce: false }), 'application/json', NOTHING, 'POST');
    expect(carried(request)).toEqual([]);
    expect(request.payload).toEqual(NOTHING);
  });

  it('a body that is not JSON is the caller’s mistake, and so is one in a GET', () => {
    refused('body', () => send(createClientSession(), undefined, utf8('{"a":')));
    refused('body', () => send(createClientSession(), undefined, utf8('{}'), 'GET'));
  });

  it('Accept is sent by a session that does not transcode, for JSON and CBOR', () => {
    const ask = (transcode: boolean, value: string) =>
      uint(
        requestToCoap({ ...sync(), headers: [['Accept', value]] }, createClientSession({ transcode })),
        OptionNumber.Accept,
      );
    expect(ask(false, 'application/json')).toBe(Json);
    expect(ask(false, 'application/cbor')).toBe(Cbor);
    expect(ask(false, '*/*')).toBeUndefined();
    expect(ask(true, 'application/json')).toBeUndefined();
  });
});

describe('bodies of responses', () => {
  const read = (response: CoapParts, options?: ClientSessionOptions) => {
    const session = createClientSession(options);
    const { headers, body } = responseToHttp(response, requestToCoap(sync(), session), session);
    return { type: headers.find(([name]) => name === 'content-type')?.[1], body: text(body) };
  };
  const respond = (code: number, payload: Uint8Array, number?: number): CoapParts => ({
    code,
    options: number === undefined ? [] : [format(number)],
    payload,
  });
  const cbor = hex('a101622465');

  // Existing servers label CBOR as JSON, and their pushes by a counter.
  it.each([Cbor, Json, undefined, 2, 3, 4, TextPlain])('CBOR labelled %s becomes JSON', (number) => {
    expect(read(respond(Code.Content, cbor, number))).toEqual({ type: 'application/json', body: '{"event_id":"$e"}' });
    expect(read(respond(Code.NotFound, cbor, number))).toEqual({ type: 'application/json', body: '{"event_id":"$e"}' });
  });

  it.each([Json, undefined])('JSON labelled %s stays JSON', (number) => {
    expect(read(respond(Code.Content, utf8('{"a": 1}'), number))).toEqual({
      type: 'application/json',
      body: '{"a": 1}',
    });
  });

  it('text and bytes stay what they are', () => {
    expect(read(respond(Code.Content, utf8('hi'), TextPlain))).toEqual({
      type: 'text/plain;charset=utf-8',
      body: 'hi',
    });
    expect(read(respond(Code.Content, cbor, OctetStream)).type).toBe('application/octet-stream');
  });

  it.each([undefined, TextPlain, Json])('the text of an error (format %s) becomes a Matrix error', (number) => {
    expect(read(respond(Code.BadGateway, utf8('Failed to contact local address'), number))).toEqual({
      type: 'application/json',
      body: '{"errcode":"M_UNKNOWN","error":"Failed to contact local address"}',
    });
  });

  it('an error without a payload is named by its code', () => {
    expect(read(respond(Code.ServiceUnavailable, NOTHING)).body).toBe('{"errcode":"M_UNKNOWN","error":"5.03"}');
    expect(read(respond(Code.Content, NOTHING, Cbor))).toEqual({ type: undefined, body: '' });
  });

  it('CBOR that is none is no response', () => {
    refused('response', () => read(respond(Code.Content, hex('a1'), Cbor)));
    refused('response', () => read(respond(Code.Content, utf8('{}'), Cbor)));
  });

  it('a session that does not transcode hands out what came', () => {
    const raw = { transcode: false };
    expect(read(respond(Code.Content, utf8('\x01'), Cbor), raw)).toEqual({ type: 'application/cbor', body: '\x01' });
    expect(read(respond(Code.BadGateway, utf8('no'), undefined), raw)).toEqual({ type: undefined, body: 'no' });
    expect(read(respond(Code.BadGateway, NOTHING, Cbor), raw)).toEqual({ type: undefined, body: '' });
  });

  it('but still learns that its token is unknown', () => {
    const session = createClientSession({ transcode: false, announce: false });
    const request = requestToCoap(sync('a'), session);
    const payload = hex('a118666f4d5f554e4b4e4f574e5f544f4b454e');
    expect(fromCbor(payload)).toEqual({ errcode: 'M_UNKNOWN_TOKEN' });
    responseToHttp(respond(Code.Unauthorized, payload, Cbor), request, session);
    expect(session.token).toBe('');
  });
});

describe('bytes on the wire', () => {
  const length = (parts: CoapParts): number =>
    encodedLength({ type: Type.CON, messageId: 1, token: Uint8Array.of(1), ...parts });

  it('an established poll is the header, the CoAP token and one enum', () => {
    const session = createClientSession();
    responseToHttp(ok, requestToCoap(sync('a'), session), session);
    expect(length(requestToCoap(sync('a'), session))).toBe(5 + 2);
  });

  it('announcing costs 4 bytes, once', () => {
    const announced = length(requestToCoap(sync(), createClientSession()));
    const silent = length(requestToCoap(sync(), createClientSession({ announce: false })));
    expect(announced - silent).toBe(4);
    expect(uintOption(PrivateOption.Features, 16).value).toHaveLength(1);
  });
});
