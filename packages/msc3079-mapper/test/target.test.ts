import { readFileSync } from 'node:fs';
import { OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { createClientSession, createServerSession, requestToCoap, requestToHttp } from '../src/index.ts';
import { coap, get, refused, values } from './support.ts';

const targets = readFileSync(new URL('fixtures/http-targets.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');

const quiet = { announce: false } as const;

/** The options for a target, and the target that a server reads from them. */
function carry(target: string): { segments: string[]; query: string[]; back: string } {
  const request = requestToCoap({ method: 'GET', target, headers: [] }, createClientSession(quiet));
  return {
    segments: values(request, OptionNumber.UriPath),
    query: values(request, OptionNumber.UriQuery),
    back: requestToHttp(request, createServerSession()).target,
  };
}

describe('recorded targets', () => {
  const reachable = targets.filter((target) => target.startsWith('/_matrix/client/'));

  it('come back as they went', () => {
    expect(reachable.length).toBeGreaterThan(400);
    // The SDK writes "members?" when it has no filter.
    for (const target of reachable) expect(carry(target).back).toBe(target.replace(/\?$/, ''));
  });

  it('shrink to an enum where there is one', () => {
    const shortened = reachable.filter((target) => carry(target).segments[0]!.length === 1);
    const tabled = reachable.filter((target) =>
      /\/v3\/(sync|login|logout|capabilities|createRoom|devices|keys\/(query|claim|upload)|register)(\?|$)/.test(
        target,
      ),
    );
    expect(tabled.length).toBeGreaterThan(5);
    expect(shortened).toEqual(expect.arrayContaining(tabled));
  });

  it('outside the client API are refused by the server', () => {
    const outside = targets.filter((target) => !target.startsWith('/_matrix/client/'));
    expect(outside).toEqual(['/_matrix/media/v3/config', '/_matrix/media/v3/upload?filename=h.txt']);
    for (const target of outside) refused('path', () => carry(target));
  });
});

describe('paths', () => {
  it('R10: %2F in a room alias or an event id stays one segment', () => {
    const { segments, back } = carry('/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs');
    expect(segments).toEqual(['H', '#a/b:hs']);
    expect(back).toBe('/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs');
    expect(carry('/_matrix/client/v3/rooms/!r/event/%24a%2Fb').back).toBe('/_matrix/client/v3/rooms/!r/event/%24a%2Fb');
  });

  it('R10: an enum parameter with a slash stays one segment', () => {
    expect(requestToHttp(get('H', stringOption(11, '#a/b')), createServerSession()).target).toBe(
      '/_matrix/client/v3/directory/room/%23a%2Fb',
    );
  });

  it('keep a percent sign that is data', () => {
    expect(carry('/_matrix/client/v3/profile/%2541').segments).toEqual(['W', '%41']);
    expect(carry('/_matrix/client/v3/profile/%2541').back).toBe('/_matrix/client/v3/profile/%2541');
  });

  it('keep a slash at the end', () => {
    expect(carry('/_matrix/client/v3/pushrules/')).toEqual({
      segments: ['n'],
      query: [],
      back: '/_matrix/client/v3/pushrules/',
    });
    expect(carry('/_matrix/client/v3/pushrules/global/').segments).toEqual([
      '_matrix',
      'client',
      'v3',
      'pushrules',
      'global',
      '',
    ]);
  });

  it('are read as UTF-8', () => {
    expect(carry('/_matrix/client/v3/profile/%40%C3%A9%3Ahs').segments).toEqual(['W', '@é:hs']);
    expect(carry('/_matrix/client/v3/profile/%F0%9F%8C%8A').back).toBe('/_matrix/client/v3/profile/%F0%9F%8C%8A');
  });

  it('write in full when the session wants no enums', () => {
    const session = createClientSession({ announce: false, pathEnums: false });
    const request = requestToCoap({ method: 'GET', target: '/_matrix/client/v3/sync', headers: [] }, session);
    expect(values(request, OptionNumber.UriPath)).toEqual(['_matrix', 'client', 'v3', 'sync']);
  });

  it('/ has no segments', () => {
    const request = requestToCoap({ method: 'GET', target: '/', headers: [] }, createClientSession(quiet));
    expect(request.options).toEqual([]);
  });
});

describe('queries', () => {
  const query = (text: string) => carry(`/_matrix/client/v3/sync?${text}`);

  it.each([
    ['a flag without a value', 'flag', ['flag'], 'flag'],
    ['a flag with an empty value', 'flag=', ['flag='], 'flag='],
    ['repeated names in their order', 'b=2&a=1&b=1&flag', ['b=2', 'a=1', 'b=1', 'flag'], 'b=2&a=1&b=1&flag'],
    ['an equals sign in a value', 'a=b=c', ['a=b=c'], 'a=b%3Dc'],
    ['an ampersand in a value', 'a=b%26c', ['a=b&c'], 'a=b%26c'],
    ['a plus as a space', 'q=a+b', ['q=a b'], 'q=a%20b'],
    ['%2B as a plus', 'q=a%2Bb', ['q=a+b'], 'q=a%2Bb'],
    ['a hash and a percent sign', 'q=%23%25', ['q=#%'], 'q=%23%25'],
    ['JSON', 'filter=%7B%22a%22%3A1%7D', ['filter={"a":1}'], 'filter=%7B%22a%22%3A1%7D'],
    ['an empty argument in between', 'a=1&&b=2', ['a=1', '', 'b=2'], 'a=1&&b=2'],
    ['a question mark', 'a=?&b', ['a=?', 'b'], 'a=%3F&b'],
  ])('carry %s', (_, text, options, back) => {
    expect(query(text)).toEqual({ segments: ['7'], query: options, back: `/_matrix/client/v3/sync?${back}` });
  });

  it('drop a lone question mark', () => {
    expect(query('')).toMatchObject({ query: [], back: '/_matrix/client/v3/sync' });
  });

  it('write a plus that came as an option as %2B', () => {
    const request = get('7', stringOption(OptionNumber.UriQuery, 'since=a+b'));
    expect(requestToHttp(request, createServerSession()).target).toBe('/_matrix/client/v3/sync?since=a%2Bb');
  });
});

describe('a client refuses', () => {
  const map = (target: string) => () => requestToCoap({ method: 'GET', target, headers: [] }, createClientSession());

  it.each([
    '',
    'sync',
    'https://hs/_matrix',
    '*',
    '/a b',
    '/a\r\nHost: x',
    '/é',
    '/a#b',
    '/%',
    '/%zz',
    '/%ff',
    '/?a=%c3',
  ])('"%s", which is no target', (target) => {
    refused('target', map(target));
  });

  it('a name with an equals sign, which could not be told from its value', () => {
    refused('target', map('/_matrix/client/v3/sync?a%3Db=c'));
    refused('target', map('/_matrix/client/v3/sync?a%3Db'));
  });

  it('a segment or an argument over 255 bytes, so that its caller can take HTTP', () => {
    const fits = `/_matrix/client/v3/profile/${'%C3%A9'.repeat(127)}a?q=${'x'.repeat(253)}`;
    expect(carry(fits).back).toBe(fits);
    expect(refused('query_too_long', map(`${fits}y`)).status).toBe(414);
    refused('too_long', map(`/_matrix/client/v3/profile/${'%C3%A9'.repeat(128)}`));
  });
});

test('a server answers options that are not UTF-8 with 4.02', () => {
  for (const number of [OptionNumber.UriPath, OptionNumber.UriQuery]) {
    const request = coap(1, '7', [{ number, value: Uint8Array.of(0xff) }]);
    expect(refused('bad_option', () => requestToHttp(request, createServerSession())).coapCode).toBe(0x82);
  }
});

describe('property: what a legal target means survives HTTP -> CoAP -> HTTP', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const segment = word.filter((s) => !/^\.\.?$|%(25)*(2e|2f|5c)|[./\\]/i.test(s));
  const path = fc.array(segment, { minLength: 1, maxLength: 6 });
  const argument = fc.record({
    name: word.filter((s) => !s.includes('=')),
    value: fc.option(fc.string({ unit: 'grapheme', maxLength: 20 })),
  });

  it('for full paths and queries', () => {
    fc.assert(
      fc.property(path, fc.array(argument, { maxLength: 5 }), fc.boolean(), (segments, args, trailing) => {
        const query = args.map(({ name, value }) =>
          value === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
        );
        const target =
          `/_matrix/client/v1/${segments.map(encodeURIComponent).join('/')}${trailing ? '/' : ''}` +
          (query.length > 0 ? `?${query.join('&')}` : '');
        expect(carry(target).back).toBe(target);
      }),
      { seed: 3079, numRuns: 500 },
    );
  });

  it('for every spelling that a server reads the same', () => {
    fc.assert(
      fc.property(fc.webPath({ size: 'small' }), fc.webQueryParameters({ size: 'small' }), (rest, query) => {
        const target = `/_matrix/client/v3${rest}?${query}`;
        fc.pre(/^\/[!-~]*$/.test(target) && !/\/\.{1,2}(\/|\?)|%2e/i.test(target) && !/%3D[^&]*(=|&|$)/i.test(query));
        const url = new URL(carry(target).back, 'http://hs');
        expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(
          `/_matrix/client/v3${rest}`.split('/').map(decodeURIComponent),
        );
        expect([...url.searchParams]).toEqual([...new URL(target, 'http://hs').searchParams]);
      }),
      { seed: 3079, numRuns: 500 },
    );
  });
});
