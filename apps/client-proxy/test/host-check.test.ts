import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOurHost } from '../src/host-check.ts';
import { isLoopback } from '../src/loopback.ts';

describe('a Host header', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8008',
    '127.255.255.254:1',
    'localhost',
    'LOCALHOST:8008',
    'lb.localhost:8008',
    '[::1]',
    '[::1]:8008',
    '[0:0:0:0:0:0:0:1]:8008',
    'localhost:',
  ])('%s is ours', (host) => {
    expect(isOurHost(host, [])).toBe(true);
  });

  it.each([
    undefined,
    '',
    ':8008',
    '128.0.0.1',
    '0.0.0.0:8008',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.example:8008',
    'notlocalhost',
    'localhost.',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '[::]:8008',
    '[::ffff:10.0.0.1]',
    '::1',
    '[::1',
    'user@localhost',
    'localhost/evil',
    'localhost:80:80',
    'localhost, evil.example',
    'evil.example#localhost',
  ])('%s is not', (host) => {
    expect(isOurHost(host, [])).toBe(false);
  });

  it('may be one that is allowed, however it is written, and no part of one', () => {
    expect(isOurHost('Phone.Lan:8008', ['phone.lan'])).toBe(true);
    for (const host of ['phone', 'lan', 'x.phone.lan', 'phone.lan.evil.example', 'phone.lann']) {
      expect(isOurHost(host, ['phone.lan'])).toBe(false);
    }
  });

  it('is never ours when a browser would look its name up elsewhere', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
    const name = fc
      .array(fc.oneof(label, fc.constantFrom('localhost', '127', '0', '1')), { minLength: 1, maxLength: 5 })
      .map((labels) => labels.join('.'));
    const host = fc.tuple(name, fc.option(fc.nat(65_535), { nil: undefined }));
    fc.assert(
      fc.property(host, ([written, port]) => {
        if (!isOurHost(port === undefined ? written : `${written}:${port}`, [])) return;
        expect(isLoopback(new URL(`http://${written}`).hostname)).toBe(true);
        expect(written === 'localhost' || written.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(written)).toBe(
          true,
        );
      }),
      { seed: 3079, numRuns: 2000 },
    );
  });
});
