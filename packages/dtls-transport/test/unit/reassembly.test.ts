import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Reassembly } from '../../src/handshake/reassembly.ts';
import type { HandshakeFragment } from '../../src/wire/handshake-message.ts';

function fragment(
  messageSeq: number,
  length: number,
  offset: number,
  bytes: number[] | Uint8Array,
  type = 11,
): HandshakeFragment {
  return { type, length, messageSeq, offset, bytes: Uint8Array.from(bytes) };
}

test('any cut of a message, overlapping, doubled and in any order, gives the message', () => {
  const piece = fc.tuple(fc.nat(99), fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 100 }), (pieces, length) => {
      const body = Uint8Array.from({ length }, (_, index) => index);
      const reassembly = new Reassembly(1_024);
      const covered = new Set<number>();
      for (const [at, size] of pieces.filter(([at]) => at < length)) {
        const end = Math.min(length, at + size);
        expect(reassembly.add(fragment(0, length, at, body.subarray(at, end)))).toBe(true);
        for (let index = at; index < end; index++) covered.add(index);
      }
      const message = reassembly.take();
      expect(message?.body).toEqual(covered.size === length ? body : undefined);
    }),
    { seed: 2 },
  );
});

test('messages come in the order of message_seq', () => {
  const reassembly = new Reassembly(1_024, 5);
  reassembly.add(fragment(6, 1, 0, [6]));
  expect(reassembly.take()).toBeUndefined();
  reassembly.add(fragment(5, 1, 0, [5]));
  expect([reassembly.take(), reassembly.take()].map((message) => message?.body[0])).toEqual([5, 6]);
  expect(reassembly.next).toBe(7);
});

test('a message without content is whole at once', () => {
  const reassembly = new Reassembly(1_024);
  expect(reassembly.add(fragment(0, 0, 0, [], 14))).toBe(true);
  expect(reassembly.take()).toMatchObject({ type: 14, messageSeq: 0 });
});

test('an empty fragment of a longer message is no progress (CVE-2022-29190)', () => {
  const reassembly = new Reassembly(1_024);
  for (let offset = 0; offset <= 10; offset++) expect(reassembly.add(fragment(0, 10, offset, []))).toBe(false);
  expect(reassembly.take()).toBeUndefined();
});

describe('fragments of one message_seq with another length or type are never mixed (CVE-2014-0195)', () => {
  test.each([
    ['length', fragment(0, 5, 2, [7, 7, 7])],
    ['type', fragment(0, 4, 2, [7, 7], 12)],
  ])('another %s begins anew', (_name, other) => {
    const reassembly = new Reassembly(1_024);
    reassembly.add(fragment(0, 4, 0, [1, 2]));
    reassembly.add(other);
    expect(reassembly.take()).toBeUndefined();
    reassembly.add(fragment(0, 4, 0, [1, 2, 3, 4]));
    expect(reassembly.take()?.body).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});

describe('bounds (CVE-2014-3506, CVE-2016-2179, CVE-2022-29189)', () => {
  test('a declared length beyond the bound is refused, one within it allocates nothing', () => {
    const reassembly = new Reassembly(1_024);
    expect(reassembly.add(fragment(0, 1_025, 0, [1]))).toBe(false);
    expect(reassembly.add(fragment(0, 1_024, 0, [1]))).toBe(true);
  });

  test('messages too far ahead are refused', () => {
    const reassembly = new Reassembly(1_024, 3);
    expect(reassembly.add(fragment(10, 1, 0, [1]))).toBe(true);
    expect(reassembly.add(fragment(11, 1, 0, [1]))).toBe(false);
  });

  test('bytes are bounded over all messages, and given back', () => {
    const reassembly = new Reassembly(100);
    expect(reassembly.add(fragment(1, 60, 0, new Uint8Array(60)))).toBe(true);
    expect(reassembly.add(fragment(2, 60, 0, new Uint8Array(60)))).toBe(false);
    expect(reassembly.add(fragment(0, 40, 0, new Uint8Array(40)))).toBe(true);
    expect(reassembly.take()).toBeDefined();
    expect(reassembly.take()).toBeDefined();
    expect(reassembly.add(fragment(2, 100, 0, new Uint8Array(100)))).toBe(true);
    reassembly.restart(1);
    expect(reassembly.add(fragment(1, 100, 0, new Uint8Array(100)))).toBe(true);
  });

  test('the next message finds room, whatever waits for it', () => {
    const reassembly = new Reassembly(100);
    expect(reassembly.add(fragment(1, 100, 0, new Uint8Array(100)))).toBe(true);
    expect(reassembly.add(fragment(0, 40, 0, new Uint8Array(40)))).toBe(true);
    expect(reassembly.take()).toMatchObject({ messageSeq: 0 });
    expect(reassembly.take()).toBeUndefined();
    expect(reassembly.add(fragment(1, 100, 0, new Uint8Array(100)))).toBe(true);
  });

  test('so are pieces', () => {
    const reassembly = new Reassembly(65_536);
    const kept = Array.from({ length: 2_000 }, (_, index) =>
      reassembly.add(fragment(0, 10_000, index * 2, [1])),
    ).filter(Boolean);
    expect(kept).toHaveLength(512);
  });
});

test('after a restart the same message is taken again, from its beginning', () => {
  const reassembly = new Reassembly(1_024);
  reassembly.add(fragment(0, 2, 0, [1, 2]));
  reassembly.take();
  reassembly.add(fragment(1, 2, 0, [9]));
  reassembly.restart(0);
  expect(reassembly.take()).toBeUndefined();
  reassembly.add(fragment(0, 2, 0, [3, 4]));
  expect(reassembly.take()?.body).toEqual(Uint8Array.of(3, 4));
  reassembly.add(fragment(1, 2, 1, [8]));
  expect(reassembly.take()).toBeUndefined();
});
