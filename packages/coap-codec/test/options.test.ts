import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkOptions,
  createOptionRegistry,
  decodeUint,
  emptyOption,
  findOption,
  findOptions,
  isCritical,
  isNoCacheKey,
  isUnsafe,
  OptionNumber,
  opaqueOption,
  optionRegistry,
  stringOption,
  stringValues,
  uintOption,
  uintValue,
  withoutOptions,
} from '../src/index.ts';
import { hex } from './support.ts';

interface Assigned {
  number: number;
  name: string;
  flags: string;
  format: string;
  length: [number, number];
}
const assigned: Assigned[] = JSON.parse(
  readFileSync(new URL('fixtures/assigned-options.json', import.meta.url), 'utf8'),
);

describe('the option registry', () => {
  it.each(assigned)('has $number $name as its RFC registers it', ({ number, name, flags, format, length }) => {
    expect(optionRegistry.get(number)).toEqual({
      number,
      name,
      format,
      minLength: length[0],
      maxLength: length[1],
      repeatable: flags[3] === 'R',
    });
    expect(isCritical(number)).toBe(flags[0] === 'C');
    expect(isUnsafe(number)).toBe(flags[1] === 'U');
    if (!isUnsafe(number)) expect(isNoCacheKey(number)).toBe(flags[2] === 'N');
  });

  it('holds the assigned numbers and the two of MSC3079, and no others', () => {
    const numbers = [...assigned.map(({ number }) => number), OptionNumber.Authorization, OptionNumber.CborKeys];
    expect([...optionRegistry.keys()].sort((a, b) => a - b)).toEqual(numbers.sort((a, b) => a - b));
    expect(Object.values(OptionNumber).sort((a, b) => a - b)).toEqual(numbers);
  });

  it('R13: 256 is elective by its number, repeatable as Uri-Query, and carries tokens of any length', () => {
    expect(isCritical(OptionNumber.Authorization)).toBe(false);
    const token = opaqueOption(OptionNumber.Authorization, hex('61'.repeat(65_804)));
    expect(checkOptions([token, token])).toEqual({ usable: [token, token], bad: undefined });
    const none = emptyOption(OptionNumber.Authorization);
    expect(checkOptions([none]).usable).toEqual([none]);
  });

  it('is open for private options', () => {
    const number = 65_002;
    const registry = createOptionRegistry([
      { number, name: 'Features', format: 'uint', minLength: 0, maxLength: 4, repeatable: false },
    ]);
    const feature = uintOption(number, 16);
    expect(checkOptions([feature]).usable).toEqual([]);
    expect(checkOptions([feature], registry).usable).toEqual([feature]);
    expect(optionRegistry.has(number)).toBe(false);
  });
});

describe('checkOptions', () => {
  const path = stringOption(OptionNumber.UriPath, '0');

  it('passes what can be used without copying it', () => {
    const options = [path, uintOption(OptionNumber.Accept, 60)];
    expect(checkOptions(options).usable).toBe(options);
  });

  it.each([
    ['an unknown critical option', { number: 9999, value: hex('') }, 'unrecognized'],
    ['a critical option that is too long', opaqueOption(OptionNumber.UriPath, hex('61'.repeat(256))), 'length'],
    ['a critical option that is too short', emptyOption(OptionNumber.UriHost), 'length'],
    ['a critical string that is not UTF-8', opaqueOption(OptionNumber.UriPath, hex('ff')), 'utf8'],
  ])('reports %s', (_, option, reason) => {
    expect(checkOptions([option]).bad).toEqual({ number: option.number, reason });
  });

  it('reports a critical option that stands twice and is not repeatable, and keeps the first', () => {
    const [first, second] = [uintOption(OptionNumber.Accept, 50), uintOption(OptionNumber.Accept, 60)];
    expect(checkOptions([first, second])).toEqual({
      usable: [first],
      bad: { number: OptionNumber.Accept, reason: 'repeated' },
    });
  });

  it.each([
    ['an unknown elective option', { number: 9998, value: hex('00') }],
    ['an elective option that is too long', opaqueOption(OptionNumber.ContentFormat, hex('000000'))],
    ['an elective string that is not UTF-8', opaqueOption(OptionNumber.LocationPath, hex('c328'))],
  ])('drops %s in silence', (_, option) => {
    expect(checkOptions([option])).toEqual({ usable: [], bad: undefined });
  });

  it('accepts text beyond ASCII', () => {
    const option = stringOption(OptionNumber.UriPath, '#ünïcode:ex.org');
    expect(checkOptions([option]).usable).toEqual([option]);
  });
});

describe('option values', () => {
  it.each([
    [0, ''],
    [1, '01'],
    [255, 'ff'],
    [256, '0100'],
    [65_536, '010000'],
    [4_294_967_295, 'ffffffff'],
  ])('uint %i is as short as can be', (value, wire) => {
    expect(uintOption(6, value).value).toEqual(hex(wire));
  });

  it('uint survives the way there and back, and leading zeros are accepted', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (value) => {
        expect(decodeUint(uintOption(6, value).value)).toBe(value);
      }),
      { seed: 32 },
    );
    expect(decodeUint(hex('0000003c'))).toBe(60);
    expect(decodeUint(hex('0000000001'))).toBeUndefined();
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN])('uint refuses %d', (value) => {
    expect(() => uintOption(6, value)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  it('are found by number, in order', () => {
    const options = [
      stringOption(OptionNumber.UriPath, 'a'),
      stringOption(OptionNumber.UriPath, 'ß'),
      uintOption(OptionNumber.Accept, 60),
    ];
    expect(findOption(options, OptionNumber.UriPath)).toBe(options[0]);
    expect(findOptions(options, OptionNumber.UriPath)).toEqual(options.slice(0, 2));
    expect(stringValues(options, OptionNumber.UriPath)).toEqual(['a', 'ß']);
    expect(uintValue(options, OptionNumber.Accept)).toBe(60);
    expect(uintValue(options, OptionNumber.Observe)).toBeUndefined();
    expect(withoutOptions(options, OptionNumber.UriPath)).toEqual(options.slice(2));
    expect(stringValues([opaqueOption(OptionNumber.UriPath, hex('ff'))], OptionNumber.UriPath)).toBeUndefined();
  });
});
