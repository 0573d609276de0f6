import { describe, expect, it } from 'vitest';
import { MessageIds } from '../src/message-ids.ts';
import { Tokens } from '../src/tokens.ts';
import { hexOf } from './support/messages.ts';
import { seededBytes } from './support/random.ts';

describe('Message IDs (RFC 7252 4.4)', () => {
  it('start at random, count up and wrap', () => {
    const ids = new MessageIds(
      () => 247_000,
      () => Uint8Array.of(0xff, 0xfe),
    );
    expect([ids.take(0), ids.take(0), ids.take(0)]).toEqual([0xfffe, 0xffff, 0]);
  });

  it('are not used again within a lifetime: all 65,536 of them, and then a wait', () => {
    const ids = new MessageIds(() => 247_000, seededBytes(1));
    const taken = new Map<number, number>();
    let now = 0;
    let waits = 0;
    let tooSoon = 0;
    for (let i = 0; i < 200_000; i++) {
      let id = ids.take(now);
      if (id === undefined) {
        waits++;
        now = ids.freeAt();
        id = ids.take(now);
      }
      const before = taken.get(id!);
      if (before !== undefined && now - before < 247_000) tooSoon++;
      taken.set(id!, now);
      now += 2;
    }
    expect(tooSoon).toBe(0);
    expect(waits).toBeGreaterThan(0);
    expect(waits).toBeLessThan(1000);
    expect(taken.size).toBe(65_536);
  });
});

describe('Message IDs whose lifetime grows', () => {
  it('are each kept for the one that held when they were taken', () => {
    let lifetime = 1000;
    const ids = new MessageIds(() => lifetime, seededBytes(1));
    for (let i = 0; i < 65_535; i++) ids.take(0);
    lifetime = 5000;
    ids.take(500);
    expect(ids.take(1999)).toBeUndefined();
    expect(ids.freeAt()).toBe(2000);
    for (let i = 0; i < 65_535; i++) expect(ids.take(2000)).toBeDefined();
    expect(ids.take(2000)).toBeUndefined();
    expect(ids.freeAt()).toBe(6500);
  });
});

describe('tokens', () => {
  it.each([2, 3, 4] as const)('of %i bytes do not repeat within the Message IDs of a lifetime', (length) => {
    const tokens = new Tokens(length, seededBytes(length));
    const seen = new Set<string>();
    for (let i = 0; i < 65_536; i++) seen.add(hexOf(tokens.take()));
    expect(seen.size).toBe(65_536);
    expect([...seen][0]).toHaveLength(2 * length);
  });

  it('of one byte come in all 256 values, and those that last have two', () => {
    const tokens = new Tokens(1, seededBytes(1));
    expect(new Set(Array.from({ length: 256 }, () => hexOf(tokens.take()))).size).toBe(256);
    expect(tokens.takeLasting()).toHaveLength(2);
  });

  it('of two clients have nothing in common', () => {
    const of = (seed: number) => hexOf(new Tokens(4, seededBytes(seed)).take());
    expect(new Set([1, 2, 3, 4, 5].map(of)).size).toBe(5);
  });
});
