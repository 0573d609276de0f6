import { describe, expect, it } from 'vitest';
import {
  Code,
  ContentFormat,
  codeClass,
  codeFromString,
  codeName,
  codeToString,
  contentFormatOf,
  isRequest,
  isResponse,
  mediaTypeOf,
} from '../src/index.ts';

describe('codes', () => {
  it.each([
    [Code.GET, '0.01', 'GET'],
    [Code.iPATCH, '0.07', 'iPATCH'],
    [Code.Content, '2.05', 'Content'],
    [Code.Continue, '2.31', 'Continue'],
    [Code.TooManyRequests, '4.29', 'TooManyRequests'],
    [Code.HopLimitReached, '5.08', 'HopLimitReached'],
  ])('%i is %s, %s', (code, text, name) => {
    expect(codeToString(code)).toBe(text);
    expect(codeFromString(text)).toBe(code);
    expect(codeName(code)).toBe(name);
  });

  it('survive the way to text and back, all 256', () => {
    for (let code = 0; code < 256; code++) expect(codeFromString(codeToString(code))).toBe(code);
  });

  it.each(['', '2', '2.5', '8.00', '2.32', '2.050', 'x.yz'])('"%s" is none', (text) => {
    expect(() => codeFromString(text)).toThrow(expect.objectContaining({ code: 'invalid_code' }));
  });

  it('know requests from responses, and reserved classes as neither', () => {
    const kinds = (code: number) => [isRequest(code), isResponse(code)];
    expect(kinds(0x00)).toEqual([false, false]);
    expect(kinds(0x1f)).toEqual([true, false]);
    expect(kinds(0x20)).toEqual([false, false]);
    expect(kinds(0x45)).toEqual([false, true]);
    expect(kinds(0x60)).toEqual([false, false]);
    expect(kinds(0xa5)).toEqual([false, true]);
    expect(kinds(0xe1)).toEqual([false, false]);
    expect(codeClass(0xa5)).toBe(5);
  });
});

describe('content formats', () => {
  it('have their media types, both ways', () => {
    for (const number of Object.values(ContentFormat)) expect(contentFormatOf(mediaTypeOf(number)!)).toBe(number);
  });

  it.each([
    ['application/json; charset=utf-8', 50],
    ['Application/CBOR', 60],
    ['text/plain', 0],
    ['text/plain; charset="UTF-8"', 0],
    ['text/plain; charset=iso-8859-1', undefined],
    ['text/html', undefined],
    ['', undefined],
  ])('of "%s" is %s', (mediaType, number) => {
    expect(contentFormatOf(mediaType)).toBe(number);
  });

  it('are unknown for other numbers', () => {
    expect(mediaTypeOf(9999)).toBeUndefined();
  });
});
