import { UsageError } from '@lb-matrix/cli-args';
import { keyTable } from '@lb-matrix/lb-cbor-keys';
import { expect, test } from 'vitest';
import { parseCommand } from '../src/command.ts';

const DEFAULTS = {
  from: 'json',
  to: 'cbor',
  sequence: false,
  out: '-',
  keys: keyTable(1),
  base64: false,
  hex: false,
  pretty: false,
  general: false,
};
const TO_JSON = { from: 'cbor', to: 'json' };

test.each<[string, string[], object]>([
  ['a literal', ['{"a":1}'], { input: '{"a":1}' }],
  ['-c2j, as the guide writes it', ['-c2j', '-'], { input: '-', ...TO_JSON }],
  [
    'two dashes, and flags last',
    ['@x.cbor', '--c2j', '--pretty', '--general'],
    { input: '@x.cbor', ...TO_JSON, pretty: true, general: true },
  ],
  ['-out and -v', ['-out', 'o.cbor', '-v', '1', '[]'], { input: '[]', out: 'o.cbor' }],
  ['-v 2', ['-v', '2', '[]'], { input: '[]', keys: keyTable(2), base64: true }],
  ['with =', ['-out=o.cbor', '-v=1', '--hex=true', '[]'], { input: '[]', out: 'o.cbor', hex: true }],
  ['-diag, which reads CBOR', ['-diag', '-'], { input: '-', from: 'cbor', to: 'diagnostic' }],
  ['-diag with -c2j', ['-c2j', '-diag', '-'], { input: '-', from: 'cbor', to: 'diagnostic' }],
  [
    '-diag with all that it takes',
    ['-diag', '-hex', '-pretty', '-general', '00'],
    { input: '00', from: 'cbor', to: 'diagnostic', hex: true, pretty: true, general: true },
  ],
  ['-diag with -seq', ['-diag', '-seq', '-'], { input: '-', from: 'cbor', to: 'diagnostic', sequence: true }],
  ['-stats of JSON', ['-stats', '{}'], { input: '{}', to: 'statistics' }],
  ['-stats of CBOR', ['-stats', '-c2j', '-hex', 'a0'], { input: 'a0', from: 'cbor', to: 'statistics', hex: true }],
  ['-stats with -seq', ['-stats', '-seq', '-'], { input: '-', to: 'statistics', sequence: true }],
  ['-seq, to CBOR in hex', ['-seq', '-hex', '-'], { input: '-', sequence: true, hex: true }],
  [
    '-seq, back, of any CBOR',
    ['-seq', '-c2j', '-general', '-'],
    { input: '-', ...TO_JSON, sequence: true, general: true },
  ],
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
  ['-v 3', ['-v', '3', '{}'], "-v: only versions 1 and 2 of the tables are known, not '3'"],
  ['-v 1x', ['-v=1x', '{}'], "-v: only versions 1 and 2 of the tables are known, not '1x'"],
  ['--pretty without -c2j', ['--pretty', '{}'], '--pretty goes with -c2j or --diag only'],
  ['--pretty with --stats', ['-c2j', '--stats', '--pretty', '-'], '--pretty goes with -c2j or --diag only'],
  [
    '--pretty with --seq',
    ['-c2j', '--seq', '--pretty', '-'],
    '--pretty and --seq do not go together: a line is a value',
  ],
  ['--diag with --stats', ['--diag', '--stats', '-'], '--diag and --stats do not go together'],
  [
    '--hex of JSON that is not converted',
    ['--stats', '--hex', '{}'],
    '--hex goes with --stats only if there is -c2j too',
  ],
  ['--general with --stats', ['-c2j', '--stats', '--general', '-'], '--general goes with -c2j only, without --stats'],
  ['--general without -c2j', ['--general', '{}'], '--general goes with -c2j only, without --stats'],
  ['-out without a value', ['{}', '-out'], '-out needs a value'],
])('%s is wrong usage', (_, argv, message) => {
  expect(() => parseCommand(argv)).toThrow(new UsageError(message));
});
