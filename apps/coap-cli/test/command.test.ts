import { UsageError } from '@lb-matrix/cli-args';
import { describe, expect, test } from 'vitest';
import { type Command, readCommand } from '../src/command.ts';

const URL = 'https://h/';
const read = (...argv: string[]) => readCommand(argv, '1.2.3') as Command;

test('a URL alone is a GET that verifies and prints to stdout', () => {
  expect(read(URL)).toEqual({
    url: URL,
    method: 'GET',
    headers: [],
    data: undefined,
    json: undefined,
    insecure: false,
    cacert: undefined,
    caNative: false,
    psk: undefined,
    cert: undefined,
    key: undefined,
    output: '-',
    include: false,
    observe: false,
    verbose: false,
    maxTime: undefined,
    mtu: undefined,
  });
});

test('short and long, one dash and two, mean the same', () => {
  const short = read('-XPUT', '-d', '-', '-H', 'A: b', '-ikv', '-o', 'f', URL);
  expect(
    read('-request', 'PUT', '-data', '-', '-header', 'A: b', '-include', '-insecure', '-verbose', '-output', 'f', URL),
  ).toEqual(short);
  expect(
    read('--request=PUT', '--data=-', '--header=A: b', '--include', '--insecure', '--verbose', '--output=f', URL),
  ).toEqual(short);
  expect(short).toMatchObject({ method: 'PUT', data: '-', insecure: true, include: true, verbose: true, output: 'f' });
});

test('a body makes it a POST unless -X says otherwise', () => {
  expect(read('-d', 'x', URL).method).toBe('POST');
  expect(read('--json', '{}', URL).method).toBe('POST');
  expect(read('-X', 'put', '-d', 'x', URL).method).toBe('PUT');
});

test('--observe is a GET, with --json too', () => {
  expect(read('--observe', '--json', '', URL)).toMatchObject({ method: 'GET', observe: true, json: '' });
});

test('headers keep their order; one without a value is left out', () => {
  expect(read('-H', 'Accept: application/json ', '-H', 'B:', '-H', 'c:d:e', URL).headers).toEqual([
    ['Accept', 'application/json'],
    ['c', 'd:e'],
  ]);
});

test('--mtu is in bytes', () => {
  expect(read('--mtu', '296', URL).mtu).toBe(296);
});

test('--max-time is in seconds', () => {
  expect(read('--max-time', '0.5', URL).maxTime).toBe(500);
});

describe('usage errors', () => {
  test.each([
    [[], 'no URL'],
    [['a', 'b'], 'one URL, not 2'],
    [['-d', 'x', '--json', 'y', URL], 'exclude each other'],
    [['-k', '--cacert', 'x', URL], 'exclude each other'],
    [['-k', '--ca-native', URL], 'exclude each other'],
    [['--pin', 'x', '-k', URL], '--pin and -k exclude each other'],
    [['--pin', 'x', '--cacert', 'x', URL], '--pin and --cacert exclude each other'],
    [['--pin', 'x', '--ca-native', URL], '--pin and --ca-native exclude each other'],
    [['--pin', 'x', '--psk', 'a:00', URL], '--pin and --psk exclude each other'],
    [['--psk', 'a:00', '--cert', 'x', URL], 'exclude each other'],
    [['--key', 'x', URL], '--key goes with --cert'],
    [['--observe', '-X', 'POST', URL], '--observe is for GET only'],
    [['-X', 'PATCH', URL], 'PATCH is not sent over CoAP here: use GET, POST, PUT, DELETE'],
    [['-X', 'HEAD', URL], 'HEAD is not sent over CoAP here'],
    [['-H', 'nocolon', URL], "-H 'nocolon' is malformed: write it as 'Name: value'"],
    [['-H', 'a b: c', URL], 'is malformed'],
    [['-H', 'A: b\r\nC: d', URL], 'is malformed'],
    [['--max-time', '0', URL], 'seconds above 0'],
    [['--max-time', '2147484', URL], 'up to 2147483'],
    [['--mtu', 'small', URL], 'needs a number'],
    [['--mtu', '127', URL], '--mtu takes whole bytes from 128 to 65535, not 127'],
    [['--mtu', '65536', URL], 'not 65536'],
    [['--mtu', '296.5', URL], 'not 296.5'],
    [['--nonsense', URL], 'unknown option --nonsense'],
  ])('%j', (argv, message) => {
    expect(() => read(...argv)).toThrow(UsageError);
    expect(() => read(...argv)).toThrow(message);
  });
});

describe('texts to print', () => {
  test('--help names every exit code and flag', () => {
    const { print } = readCommand(['--help'], '1.2.3') as { print: string };
    for (const code of [0, 1, 2, 6, 7, 28, 35, 60]) expect(print).toMatch(new RegExp(`^ +${code}  \\w`, 'm'));
    for (const flag of [
      '-X, --request',
      '-d, --data',
      '--json',
      '-H, --header',
      '-i, --include',
      '-o, --output',
      '-v, --verbose',
      '-k, --insecure',
      '--cacert',
      '--max-time',
      '--mtu',
      '-h, --help',
      '--version',
      'SSLKEYLOGFILE',
    ]) {
      expect(print).toContain(flag);
    }
  });

  test('--version', () => {
    expect(readCommand(['--version'], '1.2.3')).toEqual({ print: 'coap 1.2.3\n' });
  });
});
