import { CliError } from '@lb-matrix/cli-args';
import { keyTable } from '@lb-matrix/lb-cbor-keys';
import { describe, expect, test } from 'vitest';
import type { Command } from '../src/command.ts';
import { convert } from '../src/convert.ts';
import { parseHex } from '../src/hex.ts';
import { prettyJson } from '../src/pretty-json.ts';
import { hex } from './support.ts';

const command: Command = {
  input: '',
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
const CBOR = { from: 'cbor', to: 'json' } as const;

describe('bad input: what is wrong, where, and what may help', () => {
  test.each<[string, Partial<Command>, string | Uint8Array, string]>([
    ['truncated JSON', {}, '{"a":', 'cannot read the JSON: the input ends in the middle of a value, at byte 5'],
    ['CBOR for JSON', {}, hex('a0'), 'cannot read the JSON: this is not JSON, at byte 0; if it is CBOR, add -c2j'],
    ['no CBOR', CBOR, '', 'cannot read the CBOR: the input ends in the middle of a value, at byte 0'],
    [
      'a byte string',
      CBOR,
      hex('4101'),
      'cannot read the CBOR: byte strings have no JSON form, at byte 0; --general may show it nevertheless',
    ],
    [
      'hex without --hex',
      CBOR,
      'a1021902e4',
      'cannot read the CBOR: there is more input after the value, at byte 2; if the input is hex, add --hex',
    ],
    [
      '--general on nonsense',
      { ...CBOR, general: true },
      hex('1c'),
      'cannot read the CBOR: additional information 28 to 30, or 31 where nothing can be indefinite, at byte 0',
    ],
    [
      'JSON for --diag',
      { from: 'cbor', to: 'diagnostic' },
      '{"a":1}',
      'cannot read the CBOR: the input ends in the middle of a value, at byte 0; if it is JSON, run: jc INPUT | jc --diag -',
    ],
  ])('%s', async (_, options, input, message) => {
    await expect(convert(Buffer.from(input), { ...command, ...options })).rejects.toThrow(new CliError(message));
  });
});

test('what a string cannot hold is refused by --diag', async () => {
  const deep = Buffer.concat([hex('81'.repeat(900)), hex('9f'), new Uint8Array(400_000), hex('ff')]);
  const pretty = { ...command, from: 'cbor', to: 'diagnostic', pretty: true } as const;
  await expect(convert(deep, pretty)).rejects.toThrow(new CliError('the output would be too long'));
});

test.each([
  ['no hex', 'a1zz', "cannot read the hex: 'z' is no hex digit"],
  ['half a byte', 'a10', 'cannot read the hex: the last byte has one digit only'],
])('%s', (_, text, message) => {
  expect(() => parseHex(Buffer.from(text))).toThrow(new CliError(message));
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

  test('refuses what deep nesting makes too long', () => {
    const json = `${'['.repeat(128)}${'1,'.repeat(1_500_000)}1${']'.repeat(128)}`;
    expect(() => prettyJson(Buffer.from(json))).toThrow(
      new CliError('the output would be too long; leave --pretty out'),
    );
  });

  test('does not mind a long string', () => {
    const json = JSON.stringify(['\\"'.repeat(2_000_000)]);
    expect(prettyJson(Buffer.from(json)).length).toBe(json.length + 5);
  });
});

describe('version 2 of the tables', () => {
  const version2 = { ...command, keys: keyTable(2), base64: true };
  const JSON_TEXT = '{"ciphertext":"AwgAEnACgAkLmt6qF84IKA","session_id":"hex and no base64"}';

  test('is shorter, and comes back', async () => {
    const input = Buffer.from(JSON_TEXT);
    const cbor = await convert(input, version2);
    expect(cbor.length).toBeLessThan((await convert(input, command)).length);
    expect(Buffer.from(await convert(cbor, { ...version2, ...CBOR })).toString()).toBe(JSON_TEXT);
  });

  test('is not read by who asks for version 1', async () => {
    const cbor = await convert(Buffer.from(JSON_TEXT), version2);
    await expect(convert(cbor, { ...command, ...CBOR })).rejects.toThrow(/cannot read the CBOR/);
  });
});
