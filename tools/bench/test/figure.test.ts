import { describe, expect, test } from 'vitest';
import { describeFigures, type Figure, median, readFigures } from '../src/figure.ts';

const ours: Figure = { name: 'handshakes', unit: 'per second', value: 1_234.5, peer: 'ours' };
const pion: Figure = { ...ours, value: 987, peer: 'pion' };

describe('figures', () => {
  test('are read from lines of JSON', () => {
    expect(readFigures(`${JSON.stringify(ours)}\n\n${JSON.stringify(pion)}\n`)).toEqual([ours, pion]);
    expect(readFigures('')).toEqual([]);
  });

  test.each([
    ['text', 'about 1,000 a second'],
    ['without a value', JSON.stringify({ ...ours, value: undefined })],
    ['that are no number', JSON.stringify({ ...ours, value: Number.NaN })],
    ['of nobody', JSON.stringify({ ...ours, peer: 1 })],
  ])('%s are refused', (_name, line) => {
    expect(() => readFigures(line)).toThrow();
  });

  test('stand beside those of their peers', () => {
    const other = { ...ours, name: 'records' };
    expect(describeFigures([ours, other, pion])).toBe(
      'handshakes: ours 1,230 per second, pion 987 per second\nrecords: ours 1,230 per second',
    );
  });

  test('the middle one of several counts', () => {
    expect(median([30, 1, 2])).toBe(2);
    expect(median([5])).toBe(5);
  });
});
