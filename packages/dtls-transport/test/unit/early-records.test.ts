import { expect, test } from 'vitest';
import { EarlyRecords } from '../../src/connection/early-records.ts';

test('records are kept as they were, in order, and given out once', () => {
  const early = new EarlyRecords();
  const record = Uint8Array.of(1);
  early.keep(record);
  record.fill(9);
  early.keep(Uint8Array.of(2));
  expect(early.takeAll()).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  expect(early.takeAll()).toEqual([]);
});

test('at most 8 records and 16 KiB are kept, again after they were taken', () => {
  const early = new EarlyRecords();
  for (let round = 0; round < 2; round++) {
    expect(Array.from({ length: 10 }, () => early.keep(new Uint8Array(100))).filter(Boolean)).toHaveLength(8);
    early.takeAll();
    expect(early.keep(new Uint8Array(16_384))).toBe(true);
    expect(early.keep(new Uint8Array(1))).toBe(false);
    early.takeAll();
  }
});
