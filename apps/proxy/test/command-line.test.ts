import { UsageError } from '@lb-matrix/cli-args';
import { describe, expect, it } from 'vitest';
import { type ProxySettings, readCommandLine } from '../src/command-line.ts';

function read(...argv: string[]): ProxySettings {
  const settings = readCommandLine(argv, '1.2.3');
  if (typeof settings === 'string') throw new TypeError(settings);
  return settings;
}

describe('the command line', () => {
  it('takes the guide’s as it stands there', () => {
    const settings = read(
      '-local',
      'https://matrix-client.matrix.org',
      '--tls-cert',
      'cert.pem',
      '--tls-key',
      'private-key.pem',
      '--advertise',
      'http://127.0.0.1:8008',
      '--dtls-bind-addr',
      ':8008',
    );
    expect(settings).toMatchObject({
      local: 'https://matrix-client.matrix.org',
      homeserver: { origin: 'https://matrix-client.matrix.org', isPrivate: false },
      certificateFiles: { certificate: 'cert.pem', key: 'private-key.pem' },
      advertise: { text: 'http://127.0.0.1:8008' },
      bind: { host: undefined, port: 8008 },
      bindText: ':8008',
      forwardClientAddress: false,
    });
  });

  it('needs nothing but the homeserver', () => {
    expect(read('-local=http://localhost:8008')).toEqual({
      local: 'http://localhost:8008',
      homeserver: { origin: 'http://localhost:8008', prefix: '', isPrivate: true },
      certificateFiles: undefined,
      rawKeyFile: undefined,
      nextRawKeyPin: undefined,
      advertise: undefined,
      bind: { host: undefined, port: 8008 },
      bindText: ':8008',
      pathPrefix: 'v3',
      mtu: 1280,
      ackDelay: 200,
      forwardClientAddress: true,
      compression: { level: 9, threshold: 8 },
      logLevel: 'info',
      logFormat: undefined,
    });
  });

  it('says how to compress, or not to', () => {
    const compression = (...flags: string[]) => read('-local', 'http://x', ...flags).compression;
    expect(compression('--compression', '1', '--compress-from=256')).toEqual({ level: 1, threshold: 256 });
    expect(compression('-compression=off')).toBe(false);
    expect(() => compression('--compression', '0')).toThrow(UsageError);
    expect(() => compression('--compress-from', '-1')).toThrow(/--compress-from is a whole number/);
  });

  it('says who learns client addresses: by default only a homeserver near by', () => {
    expect(read('-local', 'https://example.org').forwardClientAddress).toBe(false);
    expect(read('-local', 'https://example.org', '--forwarded-for').forwardClientAddress).toBe(true);
    expect(read('-local', 'http://127.0.0.1', '--forwarded-for=false').forwardClientAddress).toBe(false);
  });

  it.each([
    [[], /--local is missing/],
    [['-local', ''], /--local is missing/],
    [['-local', 'localhost:8008'], /not an http or https URL/],
    [['-local', 'http://x', 'y'], /unexpected argument 'y'/],
    [['-local', 'http://x', '-tls-cert', 'c.pem'], /go together/],
    [['-local', 'http://x', '-tls-key', 'k.pem'], /go together/],
    [['-local', 'http://x', '-next-raw-key-pin', 'sha256/x'], /--next-raw-key-pin is sha256/],
    [['-local', 'http://x', '-advertise', 'x'], /--advertise 'x' is not/],
    [['-local', 'http://x', '-enum-prefix', 'v1'], /Invalid values/],
    [['-local', 'http://x', '-mtu', '10'], /--mtu is a whole number/],
    [['-local', 'http://x', '-mtu', 'x'], /needs a number/],
    [['-local', 'http://x', '-ack-delay', '-1'], /--ack-delay is a whole number/],
    [['-local', 'http://x', '-nonsense'], /unknown option/],
  ])('refuses %j', (argv, message) => {
    expect(() => read(...argv)).toThrow(UsageError);
    expect(() => read(...argv)).toThrow(message);
  });

  it('prints its help and its version', () => {
    const help = readCommandLine(['--help'], '1.2.3');
    for (const flag of [
      '--local',
      '--tls-cert',
      '--tls-key',
      '--raw-key',
      '--next-raw-key-pin',
      '--advertise',
      '--dtls-bind-addr',
      '--enum-prefix',
      '--mtu',
      '--compression',
      '--compress-from',
    ]) {
      expect(help).toContain(flag);
    }
    expect(readCommandLine(['-h'], '1.2.3')).toBe(help);
    expect(readCommandLine(['--version'], '1.2.3')).toBe('lb-proxy 1.2.3\n');
  });
});
