import { Code, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  createServerSession,
  errorToCoap,
  Feature,
  type HttpResponse,
  hasAgreed,
  PrivateOption,
  requestToHttp,
  responseToCoap,
  type ServerSession,
} from '../src/index.ts';
import { announce, coap, format, get, hex, keys257, refused, toHex, token256, uint, utf8 } from './support.ts';

/** The Authorization header that the homeserver sees for a request. */
function authorization(session: ServerSession, ...options: Parameters<typeof get>[1][]): string | undefined {
  return requestToHttp(get('7', ...options), session).headers.find(([name]) => name === 'authorization')?.[1];
}

const ok = (body: string): HttpResponse => ({ status: 200, headers: [], body: utf8(body) });
const unknownToken: HttpResponse = {
  status: 401,
  headers: [],
  body: utf8('{"errcode":"M_UNKNOWN_TOKEN","error":"?"}'),
};

describe('option 256', () => {
  it('R11: carries the token with and without "Bearer "', () => {
    for (const value of ['syt_abc', 'Bearer syt_abc', 'bearer syt_abc', 'BEARER   syt_abc']) {
      expect(authorization(createServerSession(), token256(value))).toBe('Bearer syt_abc');
    }
    expect(authorization(createServerSession(), token256('Bearer'))).toBe('Bearer Bearer');
  });

  it('R11: with zero length means no token, and clears the sticky one', () => {
    for (const empty of ['', 'Bearer ']) {
      const session = createServerSession();
      expect(authorization(session, token256('a'))).toBe('Bearer a');
      expect(authorization(session, token256(empty))).toBeUndefined();
      expect(authorization(session)).toBeUndefined();
    }
  });

  it('R12: is remembered, and a new value replaces it', () => {
    const session = createServerSession();
    expect(authorization(session, token256('a'))).toBe('Bearer a');
    expect(authorization(session)).toBe('Bearer a');
    expect(authorization(session, token256('b'))).toBe('Bearer b');
    expect(authorization(session)).toBe('Bearer b');
  });

  it('R12: the last of several wins', () => {
    expect(authorization(createServerSession(), token256('a'), token256('b'))).toBe('Bearer b');
    expect(authorization(createServerSession(), token256('a'), token256(''))).toBeUndefined();
  });

  it('R13: a token above 255 bytes works, up to what an option can carry', () => {
    for (const length of [256, 300, 65_804]) {
      const token = 'x'.repeat(length);
      expect(authorization(createServerSession(), token256(token))).toBe(`Bearer ${token}`);
    }
  });

  it('R14: a new connection starts without a token', () => {
    authorization(createServerSession(), token256('a'));
    expect(authorization(createServerSession())).toBeUndefined();
  });

  it('is remembered from a request whose path is refused', () => {
    const session = createServerSession();
    refused('path', () => requestToHttp(get('nope', token256('a')), session));
    expect(authorization(session)).toBe('Bearer a');
  });
});

describe('the sticky token is cleared', () => {
  it.each(['3', '_matrix/client/r0/logout', '_matrix/client/v3/logout', '_matrix/client/v3/logout/all'])(
    'by a logout that succeeds: /%s',
    (path) => {
      const session = createServerSession();
      const { answer } = requestToHttp(coap(Code.POST, path, [token256('a')]), session);
      responseToCoap({ status: 500, headers: [], body: utf8('{}') }, answer, session);
      expect(session.token).toBe('a');
      responseToCoap(ok('{}'), answer, session);
      expect(authorization(session)).toBeUndefined();
    },
  );

  it('by M_UNKNOWN_TOKEN, and by no other 401', () => {
    const session = createServerSession();
    const { answer } = requestToHttp(get('7', token256('a')), session);
    responseToCoap({ ...unknownToken, body: utf8('{"errcode":"M_MISSING_TOKEN"}') }, answer, session);
    responseToCoap({ ...unknownToken, status: 403 }, answer, session);
    responseToCoap({ ...unknownToken, body: utf8('"M_UNKNOWN_TOKEN"') }, answer, session);
    responseToCoap({ ...unknownToken, body: utf8('null') }, answer, session);
    expect(session.token).toBe('a');
    responseToCoap(unknownToken, answer, session);
    expect(session.token).toBeUndefined();
  });

  it('not when a newer token has taken its place', () => {
    const session = createServerSession();
    const { answer } = requestToHttp(coap(Code.POST, '3', [token256('old')]), session);
    requestToHttp(get('7', token256('new')), session);
    responseToCoap(unknownToken, answer, session);
    responseToCoap(ok('{}'), answer, session);
    expect(authorization(session)).toBe('Bearer new');
  });

  it('not by a GET, nor by a path that only looks like it', () => {
    const session = createServerSession();
    for (const request of [get('3', token256('a')), coap(Code.POST, '_matrix/client/v3/logout/x')]) {
      responseToCoap(ok('{}'), requestToHttp(request, session).answer, session);
    }
    expect(session.token).toBe('a');
  });
});

describe('integer keys in answers', () => {
  const body = '{"event_id":"$e"}';
  const TEXT = 'a1686576656e745f6964622465';
  const INTEGER = 'a101622465';

  /** Hex of the answer that a session gets for a request. */
  const answerTo = (session: ServerSession, request = get('7')): string =>
    toHex(responseToCoap(ok(body), requestToHttp(request, session).answer, session).payload);

  it('R27: a client that showed nothing gets text keys', () => {
    const session = createServerSession();
    expect(answerTo(session)).toBe(TEXT);
    expect(answerTo(session, coap(Code.PUT, '7', [format(60)], hex(TEXT)))).toBe(TEXT);
    expect(answerTo(session, coap(Code.PUT, '7', [format(60)], hex('a1613102')))).toBe(TEXT);
  });

  it('R27: integer keys in a request body imply version 1, from then on', () => {
    const session = createServerSession();
    expect(answerTo(session, coap(Code.PUT, '7', [format(60)], hex('81a16161a10102')))).toBe(INTEGER);
    expect(answerTo(session)).toBe(INTEGER);
    expect(answerTo(createServerSession())).toBe(TEXT);
  });

  it('R26: option 257 asks for them, sticky', () => {
    const session = createServerSession();
    expect(answerTo(session, get('7', keys257(1)))).toBe(INTEGER);
    expect(answerTo(session)).toBe(INTEGER);
  });

  it.each([0, 2, 255, 0xffff_ffff])('R26: table %i is not known: 4.02, and the session stays as it was', (version) => {
    const session = createServerSession();
    const request = get('7', keys257(version), token256('a'), announce());
    const error = refused('key_table', () => requestToHttp(request, session));
    expect(errorToCoap(error, request, session).code).toBe(Code.BadOption);
    expect(session).toEqual(createServerSession());
  });

  it('R26: option 257 is critical: twice, or over 4 bytes, is 4.02', () => {
    refused('bad_option', () => requestToHttp(get('7', keys257(1), keys257(1)), createServerSession()));
    const long = { number: OptionNumber.CborKeys, value: new Uint8Array(5) };
    refused('bad_option', () => requestToHttp(get('7', long), createServerSession()));
  });

  it('errors keep to it', () => {
    const session = createServerSession();
    const request = get('nope', keys257(1));
    const error = refused('path', () => requestToHttp(request, session));
    expect(toHex(errorToCoap(error, request, session).payload).slice(0, 6)).toBe('a21866');
  });
});

describe('option 65002', () => {
  const featuresOf = (session: ServerSession, request = get('7')) =>
    uint(responseToCoap(ok('{}'), requestToHttp(request, session).answer, session), PrivateOption.Features);

  it('is answered with the accepted subset, where it was sent', () => {
    const session = createServerSession();
    expect(featuresOf(session)).toBeUndefined();
    expect(featuresOf(session, get('7', announce(16)))).toBe(16);
    expect(featuresOf(session, get('7', announce(0xffff_ffff)))).toBe(16);
    expect(featuresOf(session)).toBeUndefined();
    expect(featuresOf(session, get('7', announce(1)))).toBe(0);
    expect(featuresOf(session, get('7', announce(0)))).toBe(0);
  });

  it('accepts another way of sending only where the endpoint can do that, and it changes no form', () => {
    const session = createServerSession({ transmission: true });
    expect(hasAgreed(session, Feature.Transmission)).toBe(false);
    expect(featuresOf(session, get('7', announce(0xffff_ffff)))).toBe(0x30);
    expect(hasAgreed(session, Feature.Transmission)).toBe(true);
    expect(featuresOf(session, get('7', announce(0x10)))).toBe(0x10);
    expect(hasAgreed(session, Feature.Transmission)).toBe(false);
  });

  it('is answered in errors too', () => {
    const session = createServerSession();
    const request = get('nope', announce(31));
    const error = refused('path', () => requestToHttp(request, session));
    expect(uint(errorToCoap(error, request, session), PrivateOption.Features)).toBe(16);
  });

  it('announces for the rest of the session, and the last value counts', () => {
    const session = createServerSession();
    const code = (request = get('7')) =>
      responseToCoap({ status: 409, headers: [], body: utf8('{}') }, requestToHttp(request, session).answer, session)
        .code;
    expect(code()).toBe(Code.BadRequest);
    expect(code(get('7', announce()))).toBe(Code.Conflict);
    expect(code()).toBe(Code.Conflict);
    expect(code(get('7', announce(0)))).toBe(Code.BadRequest);
  });

  it('is elective: too long or twice, and it is passed over', () => {
    const session = createServerSession();
    requestToHttp(get('7', { number: PrivateOption.Features, value: new Uint8Array(5).fill(0xff) }), session);
    expect(session.features).toBeUndefined();
    requestToHttp(get('7', announce(16), uintOption(PrivateOption.Features, 0)), session);
    expect(session.features).toBe(16);
  });
});

it('R29: path enums need no negotiation: the first request of a session may use them', () => {
  expect(requestToHttp(get('7'), createServerSession())).toMatchObject({ target: '/_matrix/client/v3/sync' });
});
