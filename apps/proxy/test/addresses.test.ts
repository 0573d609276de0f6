import { hostAndPort, parseBindAddress, UsageError } from '@lb-matrix/cli-args';
import { describe, expect, it } from 'vitest';
import { parseHomeserver } from '../src/homeserver-url.ts';

describe('--dtls-bind-addr', () => {
  it.each([
    [':8008', undefined, 8008],
    ['127.0.0.1:8448', '127.0.0.1', 8448],
    ['[::]:8008', '::', 8008],
    ['[::1]:0', '::1', 0],
    ['localhost:65535', 'localhost', 65_535],
  ])('%s', (text, host, port) => {
    expect(parseBindAddress(text)).toEqual({ host, port });
  });

  it.each(['', '8008', '::8008', ':65536', ':port', '127.0.0.1', '[::1]', '[127.0.0.1]:1', '[g::]:1', 'a:b:1', ':1x'])(
    "refuses '%s'",
    (text) => {
      expect(() => parseBindAddress(text)).toThrow(UsageError);
    },
  );

  it('is written back with brackets around IPv6', () => {
    expect([hostAndPort('::1', 1), hostAndPort('127.0.0.1', 2)]).toEqual(['[::1]:1', '127.0.0.1:2']);
  });
});

describe('--local', () => {
  it.each([
    ['http://localhost:8008', 'http://localhost:8008', '', true],
    ['http://127.0.0.1', 'http://127.0.0.1', '', true],
    ['http://[::1]:8008/', 'http://[::1]:8008', '', true],
    ['http://10.1.2.3:80', 'http://10.1.2.3', '', true],
    ['http://172.31.0.1', 'http://172.31.0.1', '', true],
    ['http://172.32.0.1', 'http://172.32.0.1', '', false],
    ['http://192.168.1.1', 'http://192.168.1.1', '', true],
    ['http://[fd00::1]', 'http://[fd00::1]', '', true],
    ['http://[::ffff:10.0.0.1]', 'http://[::ffff:a00:1]', '', true],
    ['http://[::ffff:8.8.8.8]', 'http://[::ffff:808:808]', '', false],
    ['https://matrix-client.matrix.org', 'https://matrix-client.matrix.org', '', false],
    ['https://8.8.8.8', 'https://8.8.8.8', '', false],
    ['http://localhost.example.org', 'http://localhost.example.org', '', false],
    ['http://127.0.0.1.example.org', 'http://127.0.0.1.example.org', '', false],
    ['https://example.org/homeserver/', 'https://example.org', '/homeserver', false],
  ])('%s', (text, origin, prefix, isPrivate) => {
    expect(parseHomeserver(text)).toEqual({ origin, prefix, isPrivate });
  });

  it.each(['localhost:8008', 'ftp://x', 'x', 'http://user:secret@x', 'http://x/?a=1', 'http://x/#a'])(
    'refuses %s',
    (text) => {
      expect(() => parseHomeserver(text)).toThrow(UsageError);
    },
  );

  it('does not repeat a password in its error', () => {
    expect(() => parseHomeserver('http://user:secret@x')).toThrow(/^(?!.*secret)/);
  });
});
