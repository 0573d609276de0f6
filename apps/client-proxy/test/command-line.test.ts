import { readFileSync } from 'node:fs';
import { UsageError } from '@lb-matrix/cli-args';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../src/command-line.ts';

function read(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const settings = readCommandLine(argv, '1.2.3', env);
  if (typeof settings === 'string') throw new TypeError(settings);
  return settings;
}

const PIN = `sha256/${'A'.repeat(43)}=`;
const HS = ['-homeserver', 'matrix.example.org'];

describe('--homeserver', () => {
  it.each([
    ['localhost:8008', 'http://localhost:8008', { host: 'localhost', port: 8008 }],
    ['coaps://lb.example.org:8448', 'https://lb.example.org:8448', { host: 'lb.example.org', port: 8448 }],
    ['lb.example.org:443', 'https://lb.example.org', { host: 'lb.example.org', port: 443 }],
    ['[::1]:8008', 'http://[::1]:8008', { host: '::1', port: 8008 }],
    ['[2001:db8::1]:8008', 'https://[2001:db8::1]:8008', { host: '2001:db8::1', port: 8008 }],
    ['matrix.example.org', 'https://matrix.example.org', undefined],
    ['https://matrix.example.org/', 'https://matrix.example.org', undefined],
    ['http://127.0.0.1:18008', 'http://127.0.0.1:18008', undefined],
  ])('%s is %s', (text, origin, server) => {
    expect(read(['-homeserver', text]).homeserver).toEqual({ origin, server });
    const other = { host: '10.0.0.1', port: 1 };
    expect(read(['--homeserver', text, '--server', '10.0.0.1:1']).homeserver).toEqual({ origin, server: other });
  });

  it.each([
    ['', /--homeserver is missing/],
    ['https://', /is none/],
    ['https://hs/path', /scheme, host and port/],
    ['https://user:pw@hs', /scheme, host and port/],
    ['hs:99999', /not an address/],
    [':8008', /is no server/],
  ])('refuses %j', (text, message) => {
    expect(() => read(['-homeserver', text])).toThrow(UsageError);
    expect(() => read(['-homeserver', text])).toThrow(message);
  });

  it('in the clear is warned of, unless it is this machine', () => {
    expect(read(['-homeserver', 'http://hs.example']).warnings).toEqual([expect.stringContaining('not encrypted')]);
    expect(read(['-homeserver', 'http://[::1]:80']).warnings).toEqual([]);
  });
});

describe('--http-bind-addr', () => {
  it.each([
    [[], '127.0.0.1', 8008],
    [['-http-bind-addr', ':8009'], '127.0.0.1', 8009],
    [['-http-bind-addr', 'localhost:8009'], 'localhost', 8009],
    [['-http-bind-addr', '[::1]:8009'], '::1', 8009],
    [['-http-bind-addr', ':8009', '--danger-listen-all'], undefined, 8009],
    [['-http-bind-addr', '192.0.2.1:8009', '--danger-listen-all'], '192.0.2.1', 8009],
  ])('%j', (flags, host, port) => {
    const { bind, warnings } = read([...HS, ...flags]);
    expect(bind).toEqual({ host, port });
    const isOpen = flags.includes('--danger-listen-all');
    expect(warnings).toEqual(isOpen ? [expect.stringContaining('reached from elsewhere')] : []);
  });

  it.each(['0.0.0.0:8008', '[::]:8008', '192.0.2.1:8008', 'example.org:8008'])('refuses %s by itself', (address) => {
    expect(() => read([...HS, '-http-bind-addr', address])).toThrow(/needs --danger-listen-all/);
  });
});

it('says what to leave out, and how to compress', () => {
  expect(read(HS)).toMatchObject({ trims: {}, compression: { level: 9, threshold: 8 } });
  const flags = ['-trim', 'typing', '--trim=presence', '--compression', '6', '--compress-from', '64'];
  expect(read([...HS, ...flags])).toMatchObject({
    trims: { typing: true, presence: true },
    compression: { level: 6, threshold: 64 },
  });
  expect(read([...HS, '-compression', 'off']).compression).toBe(false);
  expect(() => read([...HS, '--trim', 'rooms'])).toThrow(UsageError);
  expect(() => read([...HS, '--compression', '10'])).toThrow(UsageError);
  expect(() => read([...HS, '--compress-from', '1.5'])).toThrow(/--compress-from is a whole number/);
});

describe('the environment of the original', () => {
  it('says what has a meaning', () => {
    const env = { LB_INSECURE_SKIP_VERIFY: '1', LB_OBSERVE_ENABLED: '0', LB_KEEP_ALIVE_TIMEOUT_SECS: '30' };
    expect(read(HS, env)).toMatchObject({ insecure: true, observe: false, keepAlive: 30_000 });
    expect(read(HS, env).warnings).toEqual([expect.stringContaining('Certificates are not verified')]);
    expect(read(HS)).toMatchObject({ insecure: false, observe: true, keepAlive: undefined, warnings: [] });
  });

  it('gives way to flags', () => {
    const env = { LB_INSECURE_SKIP_VERIFY: '1', LB_OBSERVE_ENABLED: '0' };
    expect(read([...HS, '-k=false', '-observe'], env)).toMatchObject({ insecure: false, observe: true });
  });

  it('warns of the rest, once each, and of what nobody knows', () => {
    const names = [
      'LB_FLIGHT_INTERVAL_SECS',
      'LB_HEARTBEAT_TIMEOUT_SECS',
      'LB_KEEP_ALIVE_MAX_RETRIES',
      'LB_NONSENSE',
      'LB_OBSERVE_BUFFER_SIZE',
      'LB_OBSERVE_NO_RESPONSE_TIMEOUT_SECS',
      'LB_TRANSMISSION_ACK_TIMEOUT_SECS',
      'LB_TRANSMISSION_MAX_RETRANSMITS',
      'LB_TRANSMISSION_NSTART',
    ];
    const env = { ...Object.fromEntries(names.map((name) => [name, '5'])), LB_OBSERVE_ENABLED: '', PATH: '/bin' };
    const { warnings } = read(HS, env);
    expect(warnings.map((warning) => warning.split(' ')[0])).toEqual(names);
    for (const warning of warnings) expect(warning).toMatch(/^LB_\w+ has no effect: ./);
    expect(warnings.filter((warning) => warning.includes('no such variable'))).toHaveLength(1);
  });

  it.each([
    ['LB_INSECURE_SKIP_VERIFY', 'yes', /is 1 or 0/],
    ['LB_OBSERVE_ENABLED', '2', /is 1 or 0/],
    ['LB_KEEP_ALIVE_TIMEOUT_SECS', '0', /number of seconds/],
    ['LB_KEEP_ALIVE_TIMEOUT_SECS', '1.5', /number of seconds/],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => read(HS, { [name]: value })).toThrow(message);
  });
});

describe('the rest of the command line', () => {
  it('collects pins, which go before the environment', () => {
    const { pins, insecure, warnings } = read([...HS, '-pin', PIN, `--pin=${PIN}`], { LB_INSECURE_SKIP_VERIFY: '1' });
    expect({ pins, insecure, warnings }).toEqual({ pins: [PIN, PIN], insecure: false, warnings: [] });
  });

  it('collects host names', () => {
    expect(read([...HS, '--allow-host', 'Phone.lan', '--allow-host=b.lan']).allowedHosts).toEqual([
      'phone.lan',
      'b.lan',
    ]);
  });

  it('refuses what it does not know, and what excludes each other', () => {
    expect(() => read([...HS, 'operand'])).toThrow(/unexpected argument/);
    expect(() => read([...HS, '--nonsense'])).toThrow(/unknown option/);
    expect(() => read([...HS, '-k', '--cacert', 'x.pem'])).toThrow(/exclude each other/);
    expect(() => read([...HS, '--pin', PIN, '--cacert', 'x.pem'])).toThrow(/--pin and --cacert exclude each other/);
    expect(() => read([...HS, '--pin', PIN, '-k'])).toThrow(/--pin and -k exclude each other/);
    expect(() => read([...HS, '--pin', PIN, '--pin', 'sha256/x'])).toThrow(/--pin is sha256\/ and 32 bytes/);
  });

  it('is all in the help and in the README', () => {
    const help = readCommandLine(['--help'], '1.2.3');
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const flags = [...String(help).matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(([, name]) => name!);
    expect(flags).toContain('http-bind-addr');
    for (const name of flags) expect(readme).toContain(`-${name}`);
    for (const [name] of String(help).matchAll(/LB_[A-Z_]+/g)) expect(readme).toContain(name);
    expect(readCommandLine(['--version'], '1.2.3')).toBe('lb-client-proxy 1.2.3\n');
  });
});
