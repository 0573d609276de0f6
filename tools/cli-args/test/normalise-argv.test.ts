import { describe, expect, test } from 'vitest';
import { type FlagSpecs, normaliseArgv, UsageError } from '../src/index.ts';

/** The flags of the Go tools that the cases below need; `v` is a long name in one and a short one in the other. */
const JC: FlagSpecs = { c2j: { type: 'boolean' }, out: { type: 'string' }, v: { type: 'string' } };
const COAP: FlagSpecs = {
  request: { type: 'string', alias: 'X' },
  data: { type: 'string', alias: ['d'] },
  header: { type: 'string', alias: 'H' },
  include: { type: 'boolean', alias: 'i' },
  insecure: { type: 'boolean', alias: 'k' },
  verbose: { type: 'boolean', alias: 'v' },
  mtu: { type: 'number' },
  '4': { type: 'boolean' },
};

describe('long names', () => {
  test.each<[string, FlagSpecs, string[], string[]]>([
    ['one dash', JC, ['-out', 'f'], ['--out=f']],
    ['two dashes', JC, ['--out', 'f'], ['--out=f']],
    ['one dash and =', JC, ['-out=f'], ['--out=f']],
    ['two dashes and =', JC, ['--out=f'], ['--out=f']],
    ['only the first = splits', COAP, ['--data=a=b=c'], ['--data=a=b=c']],
    ['an empty value', COAP, ['--data='], ['--data=']],
    ['a long name that begins as short ones do', JC, ['-c2j'], ['--c2j=true']],
    ['a long name of one letter', JC, ['-v', '1'], ['--v=1']],
    ['a value of one dash', COAP, ['--data', '-'], ['--data=-']],
    ['a value that looks like a flag', COAP, ['--data', '--insecure'], ['--data=--insecure']],
    ['a value of two dashes', COAP, ['--data', '--'], ['--data=--']],
    ['a value with newlines and spaces', COAP, ['--header', 'A: b\nc'], ['--header=A: b\nc']],
    ['Go booleans', JC, ['-c2j=false', '-c2j=T', '--c2j=0'], ['--c2j=false', '--c2j=true', '--c2j=false']],
    ['a number', COAP, ['-mtu', '296'], ['--mtu=296']],
    ['a quoted value gets the pair of quotes that yargs takes off', COAP, ['-data', '"a"'], ['--data=""a""']],
    ['a negative number as value', COAP, ['-mtu', '-1'], ['--mtu=-1']],
  ])('%s', (_, specs, argv, expected) => {
    expect(normaliseArgv(argv, specs)).toEqual([...expected, '--']);
  });
});

describe('short names', () => {
  test.each<[string, string[], string[]]>([
    ['value as the next argument', ['-X', 'PUT'], ['--request=PUT']],
    ['value attached', ['-XPUT'], ['--request=PUT']],
    ['value after =, as Go has it', ['-X=PUT'], ['--request=PUT']],
    ['two dashes work too', ['--X', 'PUT'], ['--request=PUT']],
    ['stdin', ['-d', '-'], ['--data=-']],
    ['stdin, attached', ['-d-'], ['--data=-']],
    ['a file, attached', ['-d@body.json'], ['--data=@body.json']],
    ['a cluster', ['-ikv'], ['--include=true', '--insecure=true', '--verbose=true']],
    ['a cluster that ends in a value', ['-ikXPUT'], ['--include=true', '--insecure=true', '--request=PUT']],
    ['a cluster whose value follows', ['-kd', '{}'], ['--insecure=true', '--data={}']],
    ['an attached value with = inside', ['-Ha=b'], ['--header=a=b']],
    ['a letter outside of ASCII in a value', ['-dé'], ['--data=é']],
    ['a digit', ['-4'], ['--4=true']],
  ])('%s', (_, argv, expected) => {
    expect(normaliseArgv(argv, COAP)).toEqual([...expected, '--']);
  });

  test('a flag given twice stays twice, in order', () => {
    expect(normaliseArgv(['-H', 'a: 1', '-Hb: 2'], COAP)).toEqual(['--header=a: 1', '--header=b: 2', '--']);
  });
});

describe('operands', () => {
  test.each<[string, FlagSpecs, string[], string[]]>([
    ['none', JC, [], ['--']],
    ['after flags', JC, ['-c2j', '-'], ['--c2j=true', '--', '-']],
    ['before flags', JC, ['-', '-c2j'], ['--c2j=true', '--', '-']],
    ['an empty one', JC, [''], ['--', '']],
    ['a file', JC, ['@x.cbor', '-c2j'], ['--c2j=true', '--', '@x.cbor']],
    ['everything after --', JC, ['--', '-c2j', '--'], ['--', '-c2j', '--']],
    ['a negative number', JC, ['-5', '-2.5'], ['--', '-5', '-2.5']],
    ['a number whose first digit is a flag is that flag', COAP, ['-4', '-5'], ['--4=true', '--', '-5']],
  ])('%s', (_, specs, argv, expected) => {
    expect(normaliseArgv(argv, specs)).toEqual(expected);
  });
});

describe('refused', () => {
  test.each<[string, string[], string]>([
    ['an unknown long flag', ['--nope'], 'unknown option --nope'],
    ['an unknown long flag with a value', ['--nope=1'], 'unknown option --nope'],
    ['an unknown short flag', ['-Z'], 'unknown option -Z'],
    ['an unknown letter in a cluster', ['-ikZ'], 'unknown option -Z in -ikZ'],
    ['a long flag without its value', ['--data'], '--data needs a value'],
    ['a short flag without its value', ['-d'], '-d needs a value'],
    ['a cluster without its value', ['-kd'], '-d needs a value'],
    ['a boolean with another value', ['--insecure=maybe'], "--insecure is true or false, not 'maybe'"],
    ['a number that is none', ['--mtu', '1e3x'], "--mtu needs a number, not '1e3x'"],
    ['an empty number', ['--mtu='], "--mtu needs a number, not ''"],
    ['a name of an object prototype', ['--constructor'], 'unknown option --constructor'],
  ])('%s', (_, argv, message) => {
    expect(() => normaliseArgv(argv, COAP)).toThrow(new UsageError(message));
  });
});
