import { CliError } from '@lb-matrix/cli-args';
import { keyTable } from '@lb-matrix/lb-cbor-keys';
import { describe, expect, test } from 'vitest';
import type { Command } from '../src/command.ts';
import { convert } from '../src/convert.ts';
import { decodeGeneral } from '../src/general-cbor.ts';
import { prettyJson } from '../src/pretty-json.ts';
import { hex } from './support.ts';

const general = (cbor: string): string => Buffer.from(decodeGeneral(hex(cbor), keyTable(1))).toString();

describe('--general', () => {
  test.each<[string, string, string]>([
    ['a byte string', '43fbff00', '"-_8A"'],
    ['undefined', 'f7', 'null'],
    ['NaN', 'f97e00', 'null'],
    ['infinity', 'f97c00', 'null'],
    ['a negative bignum', 'c349010000000000000000', '-18446744073709551617'],
    ['an empty bignum', 'c240', '0'],
    ['a date as text', 'c074323031332d30332d32315432303a30343a30305a', '"2013-03-21T20:04:00Z"'],
    ['an epoch date', 'c11a514b67b0', '1363896240'],
    ['a decimal fraction', 'c48221196ab3', '[-2,27315]'],
    ['a set', 'd9010283010203', '[1,2,3]'],
    ['a typed array', 'd84043010203', '"AQID"'],
    ['an error object', 'd81b82654572726f72616d', '["Error","m"]'],
    ['a shared value', 'd81c81d81d00', '[0]'],
    ['a tag that nobody knows', 'd9ffff6161', '"a"'],
    ['a tag of 32 bits', 'da0001000081f7', '[null]'],
    ['a record of cbor-x', 'd9dfff8319e00081616105', '{"a":5}'],
    ['integer keys, known and not', 'a302010c02390fff03', '{"-4096":3,"timeline":2,"type":1}'],
    ['a name and its integer', 'a26474797065010202', '{"type":1}'],
    ['its integer and a name', 'a20202647479706501', '{"type":1}'],
    ['keys of every kind', 'a5f501f602820102038004f9410005', '{"2.5":5,"[1,2]":3,"[]":4,"null":2,"true":1}'],
    ['indefinite arrays and maps', '9fbf61619f01ffffff', '[{"a":[1]}]'],
    ['integers of 64 bits', '821bffffffffffffffff3bffffffffffffffff', '[18446744073709551615,-18446744073709551616]'],
  ])('%s', (_, cbor, json) => {
    expect(general(cbor)).toBe(json);
  });

  test('bignums are capped, since they take quadratic time', () => {
    expect(general(`c2590400${'ff'.repeat(1024)}`)).toBe((2n ** 8192n - 1n).toString());
    expect(() => general(`c2590401${'ff'.repeat(1025)}`)).toThrow('a bignum of 1025 bytes; 1024 are the limit');
    expect(() => general(`c35a000186a0${'ff'.repeat(100_000)}`)).toThrow('a bignum of 100000 bytes');
    expect(() => general('c2820102')).toThrow('a bignum is no byte string');
  });

  test('depth is capped', () => {
    expect(general(`${'81'.repeat(998)}80`)).toBe(`${'['.repeat(999)}${']'.repeat(999)}`);
    expect(() => general(`${'81'.repeat(1000)}80`)).toThrow('nested deeper than 1000');
    expect(() => general(`${'81'.repeat(100_000)}80`)).toThrow('cannot read the CBOR');
  });

  test.each(['', '18', '8201', '0000', 'ff'])('%j is no CBOR', (cbor) => {
    expect(() => general(cbor)).toThrow('cannot read the CBOR: ');
  });
});

describe('bad input: what is wrong, where, and what may help', () => {
  const command: Command = {
    input: '',
    c2j: false,
    out: '-',
    keys: keyTable(1),
    hex: false,
    pretty: false,
    general: false,
  };
  test.each<[string, Partial<Command>, string | Uint8Array, string]>([
    ['truncated JSON', {}, '{"a":', 'cannot read the JSON: the input ends in the middle of a value, at byte 5'],
    ['CBOR for JSON', {}, hex('a0'), 'cannot read the JSON: this is not JSON, at byte 0; if it is CBOR, add -c2j'],
    ['no CBOR', { c2j: true }, '', 'cannot read the CBOR: the input ends in the middle of a value, at byte 0'],
    [
      'a byte string',
      { c2j: true },
      hex('4101'),
      'cannot read the CBOR: byte strings have no JSON form, at byte 0; --general may show it nevertheless',
    ],
    [
      'hex without --hex',
      { c2j: true },
      'a1021902e4',
      'cannot read the CBOR: there is more input after the value, at byte 2; if the input is hex, add --hex',
    ],
    ['no hex', { c2j: true, hex: true }, 'a1zz', "cannot read the hex: 'z' is no hex digit"],
    ['half a byte', { c2j: true, hex: true }, 'a10', 'cannot read the hex: the last byte has one digit only'],
    ['--general on nonsense', { c2j: true, general: true }, hex('1c'), 'cannot read the CBOR: Unknown token 28'],
  ])('%s', async (_, options, input, message) => {
    await expect(convert(Buffer.from(input), { ...command, ...options })).rejects.toThrow(new CliError(message));
  });
});

describe('--pretty', () => {
  test.each([
    '1',
    '"a"',
    'null',
    '[]',
    '{}',
    '[[],{},[{}]]',
    '{"a":[1,2,{"b":null}],"c":{},"d":"x"}',
    '["[,]{:}","\\\\","\\"","a\\\\\\"b"]',
  ])('lays out %s as JSON.stringify does', (json) => {
    expect(Buffer.from(prettyJson(Buffer.from(json))).toString()).toBe(
      `${JSON.stringify(JSON.parse(json), null, 2)}\n`,
    );
  });

  test('keeps every digit', () => {
    expect(Buffer.from(prettyJson(Buffer.from('[12345678901234567890]'))).toString()).toBe(
      '[\n  12345678901234567890\n]\n',
    );
  });

  test('does not mind a long string', () => {
    const json = JSON.stringify(['\\"'.repeat(2_000_000)]);
    expect(prettyJson(Buffer.from(json)).length).toBe(json.length + 5);
  });
});
