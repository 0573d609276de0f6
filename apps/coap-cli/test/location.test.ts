import { UsageError } from '@lb-matrix/cli-args';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLocation } from '../src/location.ts';

test.each([
  ['coap://h/x', { secure: false, port: 5683, matrix: false }],
  ['coaps://h/x', { secure: true, port: 5684, matrix: false }],
  ['http://h/x', { secure: true, port: 80, matrix: true }],
  ['https://h/x', { secure: true, port: 443, matrix: true }],
  ['HTTPS://H:8448/x', { secure: true, port: 8448, matrix: true, host: 'h' }],
  ['https://h:/x', { port: 443 }],
  ['coap://h/_matrix/client/versions', { secure: false, matrix: true }],
  ['coaps://h/_matrix/client/versions', { secure: true, matrix: true }],
  ['coap://h/_matrixx', { matrix: false }],
])('%s', (url, expected) => {
  expect(parseLocation(url)).toMatchObject(expected);
});

describe('the host', () => {
  test.each([
    ['https://[::1]:8448/', '::1'],
    ['https://[2001:DB8::1]/', '2001:db8::1'],
    ['https://127.0.0.1/', '127.0.0.1'],
    ['https://exämple.org/', 'xn--exmple-cua.org'],
  ])('of %s is %s', (url, host) => {
    expect(parseLocation(url).host).toBe(host);
  });
});

describe('path and query', () => {
  test.each([
    ['https://h', '/'],
    ['https://h?a', '/?a'],
    ['https://h/a%2Fb/../%2e%2e/c?x=%20+&y', '/a%2Fb/../%2e%2e/c?x=%20+&y'],
    ['https://h/é ☃', '/%C3%A9%20%E2%98%83'],
    ['https://h//a//', '//a//'],
    ['https://h/@a:b!c', '/@a:b!c'],
  ])('of %s are sent as %s', (url, target) => {
    expect(parseLocation(url).target).toBe(target);
  });
});

test('the CoAP URI has the same host, port and path', () => {
  expect(parseLocation('http://[::1]/a?b').uri).toBe('coaps://[::1]:80/a?b');
  expect(parseLocation('coap://h').uri).toBe('coap://h:5683/');
});

test.each([
  ['localhost:8008/_matrix', 'has no scheme: write it as https://localhost:8008/_matrix'],
  ['/versions', 'has no scheme'],
  ['', 'has no scheme'],
  ['ftp://h/', 'use coap://, coaps://, http://, https://'],
  ['https:///x', 'is not a URL'],
  ['https://h:port/', 'is not a URL'],
  ['https://user:password@h/', 'is not a URL'],
  ['https://[::1/', 'is not a URL'],
  ['https://[1:2]/', 'is not a URL'],
  ['https://a b/', 'is not a URL'],
  ['https://h:0/', '0 is not a port'],
  ['https://h:65536/', '65536 is not a port'],
  ['https://h/#room:h', 'write it as %23'],
])('%j is a usage error', (url, message) => {
  expect(() => parseLocation(url)).toThrow(UsageError);
  expect(() => parseLocation(url)).toThrow(message);
});

test('whatever is typed is a location that can be sent, or a usage error', () => {
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.constantFrom('coap://', 'https://h', 'https://[::1]:', ''), fc.string({ unit: 'grapheme' }))
      .map((parts) => parts.join('')),
    fc.webUrl({ withQueryParameters: true, validSchemes: ['https', 'http'] }),
  );
  fc.assert(
    fc.property(typed, (url) => {
      try {
        const { host, port, target, uri } = parseLocation(url);
        expect(host).toMatch(/^[!-~]+$/);
        expect(port).toBeGreaterThan(0);
        expect(target).toMatch(/^\/[!-~]*$/);
        expect(uri.endsWith(target)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
    { seed: 7252, numRuns: 2000 },
  );
});
