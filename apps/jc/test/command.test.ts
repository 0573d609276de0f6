import { UsageError } from '@lb-matrix/cli-args';
import { keyTable } from '@lb-matrix/lb-cbor-keys';
import { expect, test } from 'vitest';
import { parseCommand } from '../src/command.ts';

const DEFAULTS = { c2j: false, out: '-', keys: keyTable(1), hex: false, pretty: false, general: false };

test.each<[string, string[], object]>([
  ['a literal', ['{"a":1}'], { input: '{"a":1}' }],
  ['-c2j, as the guide writes it', ['-c2j', '-'], { input: '-', c2j: true }],
  [
    'two dashes, and flags last',
    ['@x.cbor', '--c2j', '--pretty', '--general'],
    { input: '@x.cbor', c2j: true, pretty: true, general: true },
  ],
  ['-out and -v', ['-out', 'o.cbor', '-v', '1', '[]'], { input: '[]', out: 'o.cbor' }],
  ['with =', ['-out=o.cbor', '-v=1', '--hex=true', '[]'], { input: '[]', out: 'o.cbor', hex: true }],
  ['a negative number', ['-5'], { input: '-5' }],
  ['a string in quotes', ['"a"'], { input: '"a"' }],
  ['an empty input', [''], { input: '' }],
  ['after --', ['--', '-c2j'], { input: '-c2j' }],
])('%s', (_, argv, expected) => {
  expect(parseCommand(argv)).toEqual({ ...DEFAULTS, ...expected });
});

test.each<[string, string[], string]>([
  ['no input', [], "supply the data itself, such as '{}', or @FILE, or - for stdin"],
  ['two inputs', ['{}', '[]'], "one INPUT only, but there is '[]' too: quote what has spaces"],
  ['an unknown flag', ['--nope', '{}'], 'unknown option --nope'],
  ['-v 2', ['-v', '2', '{}'], "-v: only version 1 of the integer keys is known, not '2'"],
  ['-v 1x', ['-v=1x', '{}'], "-v: only version 1 of the integer keys is known, not '1x'"],
  ['--pretty without -c2j', ['--pretty', '{}'], '--pretty goes with -c2j only'],
  ['--general without -c2j', ['--general', '{}'], '--general goes with -c2j only'],
  ['-out without a value', ['{}', '-out'], '-out needs a value'],
])('%s is wrong usage', (_, argv, message) => {
  expect(() => parseCommand(argv)).toThrow(new UsageError(message));
});
