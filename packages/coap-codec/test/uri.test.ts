import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionNumber, opaqueOption, optionsToUri, stringOption, uintOption, uriToOptions } from '../src/index.ts';
import { hex } from './support.ts';

const host = (text: string) => stringOption(OptionNumber.UriHost, text);
const path = (text: string) => stringOption(OptionNumber.UriPath, text);
const query = (text: string) => stringOption(OptionNumber.UriQuery, text);

describe('uriToOptions', () => {
  it('takes RFC 7252 6.3’s equivalent URIs for the same request', () => {
    const expected = {
      scheme: 'coap',
      host: 'example.com',
      port: 5683,
      options: [host('example.com'), path('~sensors'), path('temp.xml')],
    };
    for (const uri of [
      'coap://example.com:5683/~sensors/temp.xml',
      'coap://EXAMPLE.com/%7Esensors/temp.xml',
      'coap://EXAMPLE.com:/%7esensors/temp.xml',
    ]) {
      expect(uriToOptions(uri)).toEqual(expected);
    }
  });

  it('leaves Uri-Host out for an IP literal', () => {
    expect(uriToOptions('coaps://[2001:DB8::2:1]:61616//%2F//?%2F%2F&?%26')).toEqual({
      scheme: 'coaps',
      host: '2001:db8::2:1',
      port: 61616,
      options: [path(''), path('/'), path(''), path(''), query('//'), query('?&')],
    });
    expect(uriToOptions('coap://198.51.100.1:61616/')).toMatchObject({ host: '198.51.100.1', options: [] });
    expect(uriToOptions('coap://198.51.100.256/').options).toEqual([host('198.51.100.256')]);
  });

  it('takes no path and "/" for the same request', () => {
    expect(uriToOptions('coap://[::1]').options).toEqual([]);
    expect(uriToOptions('coap://[::1]/').options).toEqual([]);
  });

  it('keeps an encoded slash in its segment, a plus as it is, and an empty query', () => {
    expect(uriToOptions('coap://[::1]/a%2Fb/c+d?x+y&flag&').options).toEqual([
      path('a/b'),
      path('c+d'),
      query('x+y'),
      query('flag'),
      query(''),
    ]);
  });

  it('resolves dot segments before it decodes', () => {
    expect(uriToOptions('coap://[::1]/a/./b/../c/%2e%2E/d').options).toEqual([path('a'), path('d')]);
    expect(uriToOptions('coap://[::1]/a/b/..').options).toEqual([path('a'), path('')]);
    expect(uriToOptions('coap://[::1]/../../x').options).toEqual([path('x')]);
  });

  it.each([
    ['', 'write it as'],
    ['/versions', 'write it as'],
    ['http://example.com/', 'the scheme is http'],
    ['coap:///x', 'the host is missing'],
    ['coap://user@example.com/', 'user information'],
    ['coap://example.com:70000/', '70000 is not a port'],
    ['coap://example.com:0/', '0 is not a port'],
    ['coap://example.com/#x', 'a fragment'],
    ['coap://example.com/%zz', 'percent-encoded'],
    ['coap://example.com/%ff', 'percent-encoded'],
    ['coap://[::1::2]/', 'not an IPv6 address'],
    [`coap://[::1]/${'a'.repeat(256)}`, '256 bytes'],
  ])('refuses "%s" and says why', (uri, why) => {
    expect(() => uriToOptions(uri)).toThrow(
      expect.objectContaining({ code: 'invalid_uri', message: expect.stringContaining(why) }),
    );
  });
});

describe('optionsToUri', () => {
  const target = { scheme: 'coap', host: '198.51.100.1', port: 61616 } as const;

  it('makes RFC 7252 6.5’s examples', () => {
    expect(optionsToUri([], target)).toBe('coap://198.51.100.1:61616/');
    expect(optionsToUri([host('example.net'), path('.well-known'), path('core')], { ...target, port: 5683 })).toBe(
      'coap://example.net/.well-known/core',
    );
    const options = [path(''), path('/'), path(''), path(''), query('//'), query('?&')];
    expect(optionsToUri(options, { scheme: 'coap', host: '2001:db8::2:1', port: 5683 })).toBe(
      'coap://[2001:db8::2:1]//%2F//?//&?%26',
    );
  });

  it('lets Uri-Host and Uri-Port win', () => {
    expect(optionsToUri([host('xn--18j4d.example'), uintOption(OptionNumber.UriPort, 5684)], target)).toBe(
      'coap://xn--18j4d.example:5684/',
    );
  });

  it('refuses what is not text', () => {
    const bad = opaqueOption(OptionNumber.UriPath, hex('ff'));
    expect(() => optionsToUri([bad], target)).toThrow(expect.objectContaining({ code: 'invalid_uri' }));
  });

  it('is undone by uriToOptions for any path and query', () => {
    const short = fc.string({ unit: 'grapheme', maxLength: 20 });
    const segment = short.filter((text) => text !== '.' && text !== '..');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), fc.array(short, { maxLength: 4 }), (segments, queries) => {
        // "/" alone and no path are one request, so a lone empty segment does not come back.
        fc.pre(segments.length !== 1 || segments[0] !== '');
        const options = [...segments.map(path), ...queries.map(query)];
        const uri = optionsToUri(options, target);
        expect(uriToOptions(uri).options).toEqual(options);
      }),
      { seed: 65, numRuns: 1_000 },
    );
  });
});
