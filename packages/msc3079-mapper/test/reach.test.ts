import { Code, OptionNumber, stringOption, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it, test } from 'vitest';
import { createClientSession, createServerSession, errorToCoap, requestToCoap, requestToHttp } from '../src/index.ts';
import { coap, fromCbor, get, refused, text, token256 } from './support.ts';

const map = (request: Parameters<typeof requestToHttp>[0]) => () => requestToHttp(request, createServerSession());

describe('only /_matrix/client/ is reachable', () => {
  test('/_synapse/admin over CoAP is refused', () => {
    const session = createServerSession();
    const request = coap(Code.GET, '_synapse/admin/v1/users/@alice:hs', [token256('syt_admin')]);
    const error = refused('path', () => requestToHttp(request, session));
    const answer = errorToCoap(error, request, session);
    expect(answer.code).toBe(Code.NotFound);
    expect(fromCbor(answer.payload)).toEqual({ errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' });
  });

  it.each([
    '_matrix/federation/v1/version',
    '_matrix/media/v3/config',
    '_matrix/key/v2/server',
    '_matrix/Client/v3/sync',
    '_matrix/clientx/v3/sync',
    '.well-known/matrix/client',
    'health',
  ])('/%s is refused', (path) => {
    refused('path', map(get(path)));
  });

  it('an empty segment in front does not hide a path', () => {
    refused('path', map(get('/_matrix/client/v3/sync')));
    refused('path', map(coap(Code.GET, '', [stringOption(11, '_matrix/client/v3/sync')])));
  });
});

describe('dot segments are 4.00', () => {
  it.each([
    '..',
    '.',
    '%2e%2e',
    '%2E.',
    '.%2e',
    '%252e%252E',
    '%25252525252e.',
    'a/..',
    '../a',
    'a\\..\\b',
    '%2e%2e%2f',
    'x%2F..%2Fy',
    'x%255c%2e%2e%255cy',
    '..%2f..%2f_synapse',
  ])('the segment "%s"', (segment) => {
    for (const options of [
      get('_matrix/client/v3', stringOption(11, segment), stringOption(11, 'admin')),
      get('W', stringOption(11, segment)),
    ]) {
      expect(refused('dot_segment', map(options))).toMatchObject({ status: 400, errcode: 'M_INVALID_PARAM' });
    }
    const target = `/_matrix/client/v3/profile/${encodeURIComponent(segment)}`;
    if (segment !== '.' && segment !== '..') {
      refused('dot_segment', () => requestToCoap({ method: 'GET', target, headers: [] }, createClientSession()));
    }
  });

  it('but dots inside names are names', () => {
    for (const segment of [
      '...',
      'm.room.message',
      '.hidden',
      'a.',
      '@a..b:hs',
      '%2',
      '%2e%2',
      'a%2eb',
      '..a',
      '$.AAAB',
    ]) {
      const { target } = map(get('W', stringOption(11, segment)))();
      expect(target).toBe(`/_matrix/client/v3/profile/${encodeURIComponent(segment)}`);
    }
  });

  it('and a client sends none', () => {
    for (const target of ['/_matrix/client/../x', '/_matrix/client/v3/profile/%2e%2e', '/.']) {
      refused('dot_segment', () => requestToCoap({ method: 'GET', target, headers: [] }, createClientSession()));
    }
  });
});

describe('options that are not served', () => {
  it.each([
    ['Proxy-Uri', OptionNumber.ProxyUri, 'http://localhost:8008/_synapse/admin'],
    ['Proxy-Scheme', OptionNumber.ProxyScheme, 'http'],
    ['an empty Proxy-Uri', OptionNumber.ProxyUri, ''],
  ])('%s is 5.05', (_, number, value) => {
    const request = get('7', stringOption(number, value));
    const error = refused('proxying', map(request));
    expect(errorToCoap(error, request, createServerSession()).code).toBe(Code.ProxyingNotSupported);
  });

  it.each([
    ['If-Match', OptionNumber.IfMatch],
    ['If-None-Match', OptionNumber.IfNoneMatch],
    ['OSCORE', OptionNumber.OSCORE],
    ['Q-Block1', OptionNumber.QBlock1],
    ['Q-Block2', OptionNumber.QBlock2],
    ['an unknown critical option', 65_001],
  ])('%s is 4.02, to every session', (_, number) => {
    const request = get('7', { number, value: new Uint8Array() });
    const error = refused('bad_option', map(request));
    expect(errorToCoap(error, request, createServerSession()).code).toBe(Code.BadOption);
  });

  it('an unknown elective option is passed over', () => {
    expect(map(get('7', uintOption(65_020, 1)))().target).toBe('/_matrix/client/v3/sync');
  });

  it('Uri-Host, Uri-Port, Observe and Block do not matter here', () => {
    const { UriHost, UriPort, Observe, Block1, Block2, Size1 } = OptionNumber;
    const options = [Observe, UriPort, Block1, Block2, Size1].map((number) => uintOption(number, 0));
    expect(map(get('7', stringOption(UriHost, 'hs'), ...options))().target).toBe('/_matrix/client/v3/sync');
  });
});

describe('methods', () => {
  it.each([
    ['GET', Code.GET],
    ['POST', Code.POST],
    ['PUT', Code.PUT],
    ['DELETE', Code.DELETE],
  ])('%s maps both ways', (method, code) => {
    expect(map(coap(code, '7'))().method).toBe(method);
    const request = { method, target: '/_matrix/client/v3/sync', headers: [] };
    expect(requestToCoap(request, createClientSession()).code).toBe(code);
    expect(requestToCoap({ ...request, method: method.toLowerCase() }, createClientSession()).code).toBe(code);
  });

  it.each([Code.FETCH, Code.PATCH, Code.iPATCH, 0x1f, Code.Empty, Code.Content, 0xff])('code %i is 405', (code) => {
    expect(refused('method', map(coap(code, '7')))).toMatchObject({ status: 405, errcode: 'M_UNRECOGNIZED' });
  });

  it.each(['HEAD', 'PATCH', 'OPTIONS', 'CONNECT', '', 'constructor'])('%s has no CoAP form', (method) => {
    const request = { method, target: '/_matrix/client/v3/sync', headers: [] };
    expect(refused('method', () => requestToCoap(request, createClientSession())).status).toBe(405);
  });
});

describe('nothing from the peer injects headers', () => {
  const lineBreak = '\r\nX-Forwarded-For: 127.0.0.1';

  it('by path or query', () => {
    const { target, headers } = map(get('W', stringOption(11, lineBreak), stringOption(15, `a=${lineBreak}`)))();
    const encoded = encodeURIComponent(lineBreak);
    expect(target).toBe(`/_matrix/client/v3/profile/${encoded}?a=${encoded}`);
    expect(headers).toEqual([['accept', 'application/json']]);
  });

  it.each([lineBreak, 'a b', 'a\tb', 'a\0b', 'tokén', '\x7f', 'Bearer a b', 'Bearer a\n'])(
    'by the token %j, which is 4.00 and leaves the session alone',
    (token) => {
      const session = createServerSession();
      requestToHttp(get('7', token256('good')), session);
      const request = get('7', token256(token), uintOption(OptionNumber.CborKeys, 1), uintOption(65_002, 16));
      const error = refused('token', () => requestToHttp(request, session));
      expect(error).toMatchObject({ status: 400, errcode: 'M_INVALID_PARAM' });
      expect(error.message).not.toContain(token);
      expect(session).toMatchObject({ token: 'good', keyTable: undefined, features: undefined });
    },
  );

  it('by bytes that are no text at all', () => {
    refused('token', map(get('7', token256(Uint8Array.of(0x61, 0x0a | 0x80, 0xff)))));
  });

  it('by a client’s own Authorization header', () => {
    const send = (authorization: string) => () =>
      requestToCoap(
        { method: 'GET', target: '/_matrix/client/v3/sync', headers: [['Authorization', authorization]] },
        createClientSession(),
      );
    for (const value of ['Basic abc', 'token', 'Bearer', 'Bearer ', 'Bearer a b', 'Bearer é', 'Bearer a\r\nb']) {
      refused('token', send(value));
    }
    refused('too_long', send(`Bearer ${'x'.repeat(65_805)}`));
  });
});

test('the error answer of a refused request tells nothing about the session’s token', () => {
  const session = createServerSession();
  const request = get('_synapse/admin', token256('syt_secret'));
  const error = refused('path', () => requestToHttp(request, session));
  expect(JSON.stringify([error.message, error.stack])).not.toContain('syt_secret');
  expect(text(errorToCoap(error, request, session).payload)).not.toContain('syt_secret');
});
