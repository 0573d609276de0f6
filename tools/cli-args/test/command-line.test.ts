import { describe, expect, test } from 'vitest';
import { type CommandFlag, parseCommandLine, UsageError } from '../src/index.ts';

const FLAGS = {
  data: { type: 'string', alias: 'd', describe: 'Body to send' },
  header: { type: 'string', alias: 'H', array: true, describe: 'Header line' },
  request: { type: 'string', alias: 'X', default: 'GET', describe: 'Method' },
  insecure: { type: 'boolean', alias: 'k', default: false, describe: 'Skip TLS checks' },
  mtu: { type: 'number', describe: 'Packet size' },
  format: { type: 'string', choices: ['json', 'cbor'], describe: 'Format' },
  'no-color': { type: 'boolean', describe: 'Plain output' },
} as const satisfies Record<string, CommandFlag>;

const parse = (...argv: string[]) =>
  parseCommandLine(argv, {
    name: 'tool',
    version: '1.2.3',
    usage: 'tool [options] URL',
    flags: FLAGS,
    epilogue: 'Example: tool x',
  });

test('values come as they are written', () => {
  expect(parse('-XPUT', '-d', '"quoted"', '-H', 'A: 1', '-H', 'b.c: 2', '-mtu', '296', '007', '-')).toEqual({
    flags: {
      data: '"quoted"',
      header: ['A: 1', 'b.c: 2'],
      request: 'PUT',
      insecure: false,
      mtu: 296,
      format: undefined,
      'no-color': undefined,
    },
    operands: ['007', '-'],
  });
});

test.each([
  '',
  '-',
  '--',
  '123',
  '0x10',
  '1e5',
  "'a'",
  'true',
  'a\nb',
  '"',
  '"a\n"',
  '""',
  '{"a":-1}',
  '--data=x',
  '__proto__',
])('the value %j stays itself, as a flag and as an operand', (value) => {
  expect(parse('--data', value, '--', value)).toMatchObject({ flags: { data: value }, operands: [value] });
});

test('of a repeated flag the last one counts', () => {
  expect(parse('-d', 'a', '-d', 'b', '-k', '-k=false')).toMatchObject({ flags: { data: 'b', insecure: false } });
});

test('a flag that begins with no- is itself, not the negation of another', () => {
  expect(parse('--no-color')).toMatchObject({ flags: { 'no-color': true } });
});

test('an array flag does not swallow operands', () => {
  expect(parse('-H', 'a: 1', 'x', 'y')).toMatchObject({ flags: { header: ['a: 1'] }, operands: ['x', 'y'] });
});

describe('texts to print', () => {
  test.each(['-help', '--help', '-h'])('%s shows usage, flags and the epilogue, whatever else is there', (flag) => {
    const { print } = parse('--format', 'cbor', flag);
    expect(print).toContain('tool [options] URL');
    expect(print).toMatch(/-d, --data\s+Body to send/);
    expect(print).toMatch(/-h, --help\s+Show this help/);
    expect(print).toMatch(/--version\s+Show the version/);
    expect(print).toMatch(/Example: tool x\n$/);
  });

  test.each(['-version', '--version'])('%s prints the given version', (flag) => {
    expect(parse(flag)).toEqual({ print: 'tool 1.2.3\n' });
  });
});

test('what yargs refuses is a usage error too', () => {
  expect(() => parse('--format', 'xml')).toThrow(UsageError);
  expect(() => parse('--format', 'xml')).toThrow('Choices: "json", "cbor"');
});
