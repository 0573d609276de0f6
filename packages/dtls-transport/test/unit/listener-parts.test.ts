import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fifo } from '../../src/fifo.ts';
import { Cookies, type PresentedHello } from '../../src/listener/cookie.ts';
import { DeadlineHeap, NOT_IN_HEAP, type Timed } from '../../src/listener/deadline-heap.ts';
import { RateLimit } from '../../src/listener/rate-limit.ts';
import { RecencyList, type Recent } from '../../src/listener/recency-list.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { readClientHelloFront, writeClientHello } from '../../src/wire/client-hello.ts';
import { seededBytes } from '../support/deterministic-provider.ts';

describe('cookies (RFC 6347 4.2.1)', () => {
  const hello = {
    version: 0xfefd,
    random: new Uint8Array(32).fill(1),
    sessionId: new Uint8Array(0),
    cipherSuites: [0xc02b],
    compressionMethods: Uint8Array.of(0),
    extensions: new Map([[0, new Uint8Array(20)]]),
  };

  function presented(cookie: Uint8Array, change: object = {}, place: Partial<PresentedHello> = {}): PresentedHello {
    const front = readClientHelloFront(writeClientHello({ ...hello, cookie, ...change }));
    return { path: 'a', messageSeq: cookie.length === 0 ? 0 : 1, front, isWhole: true, ...place };
  }

  const cookies = () => new Cookies(nodeCrypto, seededBytes('cookies'));
  const none = new Uint8Array(0);

  test('a cookie is valid for the same ClientHello from the same path', () => {
    const jar = cookies();
    const cookie = jar.make(presented(none), 0);
    expect(cookie).toHaveLength(16);
    expect(jar.isValid(presented(cookie), 0)).toBe(true);
  });

  test.each([
    ['another path', {}, { path: 'b' }],
    ['another place in the handshake', {}, { messageSeq: 2 }],
    ['another random', { random: new Uint8Array(32) }, {}],
    ['another session id', { sessionId: Uint8Array.of(1) }, {}],
    ['other suites', { cipherSuites: [0xc02c] }, {}],
    ['other extensions', { extensions: new Map() }, {}],
  ])('not with %s', (_name, change, place) => {
    const jar = cookies();
    const cookie = jar.make(presented(none), 0);
    expect(jar.isValid(presented(cookie, change, place), 0)).toBe(false);
  });

  const numbered = (...types: number[]) => new Map(types.map((type) => [type, Uint8Array.of(1, type)]));

  test.each([
    ['leaves out what is of DTLS 1.3', numbered(13, 43, 45, 51, 10), numbered(13, 10)],
    ['pads anew', new Map([[21, new Uint8Array(9)]]), new Map([[21, new Uint8Array(4)]])],
    ['has another order', numbered(45, 51, 43, 13, 11), numbered(43, 13, 45, 11, 51)],
  ])('also when the client, once it has a cookie, %s', (_name, extensions, again) => {
    const jar = cookies();
    const cookie = jar.make(presented(none, { extensions }), 0);
    expect(jar.isValid(presented(cookie, { extensions: again }), 0)).toBe(true);
    expect(jar.isValid(presented(cookie, { extensions: new Map([...again, [13, new Uint8Array(3)]]) }), 0)).toBe(false);
  });

  test('not when what was whole cannot be read', () => {
    const jar = cookies();
    const { front, ...place } = presented(none, { extensions: numbered(10, 13) });
    const cookie = jar.make({ ...place, front }, 0);
    const cut = presented(cookie, { extensions: numbered(10, 13) });
    const afterCookie = cut.front.afterCookie.subarray(0, -1);
    expect(jar.isValid({ ...cut, front: { ...cut.front, afterCookie } }, 0)).toBe(false);
  });

  test('not of any other bytes or length (CVE-2022-35409)', () => {
    const jar = cookies();
    const cookie = jar.make(presented(none), 0);
    const others = [
      none,
      cookie.subarray(0, 8),
      cookie.subarray(1),
      new Uint8Array([...cookie, 0]),
      new Uint8Array(255),
    ];
    for (let at = 0; at < 16; at++) others.push(cookie.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    expect(others.filter((other) => jar.isValid(presented(other), 0))).toEqual([]);
  });

  test('a path and a ClientHello cannot be cut another way', () => {
    const jar = cookies();
    const [one, other] = [
      jar.make(presented(none, {}, { path: 'ab' }), 0),
      jar.make(presented(none, {}, { path: 'a' }), 0),
    ];
    expect(one).not.toEqual(other);
  });

  test('a ClientHello in fragments has half a cookie, over its front; with a whole one its rest is not looked at', () => {
    const jar = cookies();
    const isWhole = false;
    const cookie = jar.make(presented(none, {}, { isWhole }), 0);
    expect(cookie).toHaveLength(8);
    expect(jar.isValid(presented(cookie, { extensions: new Map() }, { isWhole }), 0)).toBe(true);
    expect(jar.isValid(presented(cookie, { random: new Uint8Array(32) }, { isWhole }), 0)).toBe(false);
    const whole = jar.make(presented(none), 0);
    expect(jar.isValid(presented(whole, {}, { isWhole }), 0)).toBe(true);
  });

  test('it stays valid for two minutes at least, and for four at most', () => {
    const jar = cookies();
    const cookie = jar.make(presented(none), 0);
    const laterCookie = jar.make(presented(none), 119_999);
    expect(laterCookie).toEqual(cookie);
    expect(jar.isValid(presented(cookie), 120_000)).toBe(true);
    expect(jar.isValid(presented(cookie), 239_999)).toBe(true);
    expect(jar.isValid(presented(cookie), 240_000)).toBe(false);
  });

  test('after a long silence no old secret counts', () => {
    const jar = cookies();
    const cookie = jar.make(presented(none), 0);
    expect(jar.isValid(presented(cookie), 10_000_000)).toBe(false);
    expect(jar.isValid(presented(cookie), 10_000_001)).toBe(false);
  });
});

test('a heap of deadlines always has the next one first', () => {
  const step = fc.record({ item: fc.nat(20), deadline: fc.option(fc.nat(1_000), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const items = Array.from({ length: 21 }, (): Timed => ({ deadline: undefined, heapIndex: NOT_IN_HEAP }));
      const heap = new DeadlineHeap<Timed>();
      for (const { item, deadline } of steps) {
        heap.set(items[item]!, deadline);
        const deadlines = items.map((each) => each.deadline).filter((each) => each !== undefined);
        expect(heap.first?.deadline).toBe(deadlines.length === 0 ? undefined : Math.min(...deadlines));
        expect(items.filter(({ heapIndex }) => heapIndex !== NOT_IN_HEAP)).toHaveLength(deadlines.length);
      }
    }),
    { seed: 8 },
  );
});

test('a recency list knows the item that was touched longest ago', () => {
  class Item implements Recent<Item> {
    older: Item | undefined;
    newer: Item | undefined;
  }
  const step = fc.record({ what: fc.constantFrom('add', 'remove', 'touch'), index: fc.nat(6) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const items = Array.from({ length: 7 }, () => new Item());
      const list = new RecencyList<Item>();
      let model: Item[] = [];
      for (const { what, index } of steps) {
        const item = items[index]!;
        if (what === 'add' ? model.includes(item) : !model.includes(item)) continue;
        model = model.filter((each) => each !== item);
        if (what !== 'remove') model.push(item);
        if (what === 'add') list.add(item);
        else if (what === 'remove') list.remove(item);
        else list.touch(item);
        expect(list.oldest).toBe(model[0]);
      }
      for (const item of model) {
        expect(list.oldest).toBe(item);
        list.remove(item);
      }
      expect(list.oldest).toBeUndefined();
    }),
    { seed: 9 },
  );
});

test('a rate limit gives a second of permissions at once, and then as many as time has passed', () => {
  const limit = new RateLimit(10);
  const taken = (now: number) => {
    let count = 0;
    while (limit.take(now)) count += 1;
    return count;
  };
  expect([taken(0), taken(0), taken(250), taken(300), taken(100_000)]).toEqual([10, 0, 2, 1, 10]);
});

test('a queue gives back what was put in, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat()), { maxLength: 100 }), (steps) => {
      const queue = new Fifo<number>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) expect(queue.take()).toBe(model.shift());
        else {
          queue.push(step);
          model.push(step);
        }
        expect([queue.length, queue.isEmpty]).toEqual([model.length, model.length === 0]);
      }
    }),
    { seed: 10 },
  );
});
