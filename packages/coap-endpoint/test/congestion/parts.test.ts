import { describe, expect, test } from 'vitest';
import { DeliveryRate } from '../../src/congestion/delivery-rate.ts';
import { LossMeter } from '../../src/congestion/loss-meter.ts';
import { Pacer } from '../../src/congestion/pacer.ts';
import { Phase } from '../../src/congestion/phase.ts';
import { RoundTripFloor } from '../../src/congestion/round-trip-floor.ts';
import { WindowedMax } from '../../src/congestion/windowed-max.ts';

describe('the greatest of a window', () => {
  test('is the greatest of its rounds', () => {
    const max = new WindowedMax(3);
    const values = [5, 9, 2, 7, 1, 1, 8];
    const seen = values.map((value, round) => {
      max.add(value, round);
      return max.value;
    });
    expect(seen).toEqual(values.map((_, round) => Math.max(...values.slice(Math.max(0, round - 2), round + 1))));
  });

  test('is nothing at first, and what it was reset to', () => {
    const max = new WindowedMax(3);
    expect(max.value).toBe(0);
    max.add(9, 0);
    max.reset(4, 1);
    expect(max.value).toBe(4);
  });
});

describe('the delivery rate', () => {
  test('is what was delivered since a datagram was sent, over the longer of the two times', () => {
    const rate = new DeliveryRate();
    const sent = [0, 10, 20, 30].map((now) => rate.send(100, now));
    expect(rate.inFlight).toBe(400);
    // 100 bytes after 50 ms, then 100 more each 10 ms: as fast as they were sent.
    expect(sent.map((one, index) => rate.deliver(one, 0, 0, 50 + 10 * index))).toEqual([
      100 / 50,
      200 / 60,
      300 / 70,
      400 / 80,
    ]);
    const next = rate.send(100, 80);
    expect(rate.deliver(next, 0, 0, 130)).toBe(100 / 50);
    expect(rate.inFlight).toBe(0);
  });

  test('is not known from less time than a round trip takes', () => {
    const rate = new DeliveryRate();
    expect(rate.deliver(rate.send(100, 0), 0, 50, 49)).toBeUndefined();
    expect(rate.deliver(rate.send(100, 60), 0, 50, 110)).toBe(2);
  });

  test('counts what got lost up to a share', () => {
    const rate = new DeliveryRate();
    const sent = Array.from({ length: 4 }, () => rate.send(100, 0));
    rate.lose(sent[0]!);
    rate.lose(sent[1]!);
    expect(rate.deliver(sent[2]!, 0.5, 0, 100)).toBe((100 + 100) / 100);
    expect(rate.deliver(sent[3]!, 0.2, 0, 100)).toBe((200 + 50) / 100);
  });

  test('knows what was sent by a sender with too little to say', () => {
    const rate = new DeliveryRate();
    const before = rate.send(100, 0);
    rate.markSparse();
    const after = rate.send(100, 1);
    expect([before.isSparse, after.isSparse]).toEqual([false, true]);
    rate.deliver(before, 0, 0, 50);
    expect(rate.send(100, 50).isSparse).toBe(false);
  });

  test('makes no new record once there are as many as are under way', () => {
    const rate = new DeliveryRate();
    const first = rate.send(100, 0);
    rate.forget(first);
    expect(rate.send(200, 1)).toBe(first);
  });
});

test('datagrams leave at the rate, and who was woken late makes up for a little', () => {
  const pacer = new Pacer();
  pacer.sent(1000, 100, 0);
  expect(pacer.next).toBe(5);
  pacer.sent(1000, 100, 8);
  expect(pacer.next).toBe(15);
  pacer.sent(1000, 100, 100);
  expect(pacer.next).toBe(105);
});

describe('loss', () => {
  test('is too much beyond three of ten, of twenty at least', () => {
    const told = (lost: number, delivered: number) => {
      const meter = new LossMeter();
      for (let count = 0; count < lost; count++) meter.lost();
      for (let count = 0; count < delivered; count++) meter.delivered();
      return meter.isTooMuch();
    };
    expect(told(10, 9)).toBe(false);
    expect(told(6, 14)).toBe(false);
    expect(told(7, 13)).toBe(true);
  });

  test('is counted by the round, and ten in a row are silence', () => {
    const meter = new LossMeter();
    for (let count = 0; count < 9; count++) meter.lost();
    expect(meter.isSilent).toBe(false);
    meter.lost();
    expect(meter.isSilent).toBe(true);
    expect([meter.takeRound(), meter.takeRound()]).toEqual([10, 0]);
    meter.delivered();
    expect(meter.isSilent).toBe(false);
  });
});

describe('the shortest round trip', () => {
  test('is the shortest, and old when it was not seen for ten seconds', () => {
    const floor = new RoundTripFloor(100, 0);
    floor.add(150, 1000);
    expect(floor.value).toBe(100);
    expect(floor.isOld(10_000)).toBe(false);
    expect(floor.isOld(10_001)).toBe(true);
    floor.add(101, 10_001);
    expect([floor.value, floor.isOld(20_000)]).toEqual([100, false]);
    floor.add(80, 10_002);
    expect(floor.value).toBe(80);
  });

  test('is renewed by a longer one, or by the next', () => {
    const floor = new RoundTripFloor(undefined, 0);
    floor.add(50, 0);
    floor.renew(90, 5);
    expect(floor.value).toBe(90);
    floor.renew(undefined, 6);
    floor.add(200, 7);
    expect(floor.value).toBe(200);
  });
});

describe('phases', () => {
  const seen = { floor: 100, inFlight: 5000, target: 4000 };

  test('startup doubles until three rounds are no faster, then the queue drains', () => {
    const phase = new Phase(() => 0);
    for (const rate of [1, 2, 4, 4, 4]) phase.roundOver(rate, false, false);
    expect([phase.kind, phase.gains.pace]).toEqual(['startup', 2]);
    phase.roundOver(4.9, false, true);
    expect(phase.kind).toBe('startup');
    phase.roundOver(4.9, false, false);
    expect(phase.kind).toBe('drain');
    phase.proceed(seen, 1000);
    expect(phase.gains.pace).toBe(0.5);
    phase.proceed({ ...seen, inFlight: 4000 }, 1100);
    expect(phase.kind).toBe('cruise');
  });

  test('startup ends at once where a queue stands', () => {
    const phase = new Phase(() => 0);
    phase.roundOver(1, true, false);
    expect(phase.kind).toBe('drain');
  });

  test('one round in eight tries for more, and the next takes it back until no more than the target is under way', () => {
    const phase = new Phase(() => 0);
    phase.cruise(0);
    const paces: number[] = [];
    for (let now = 0; now <= 1600; now += 101) {
      phase.proceed(seen, now);
      paces.push(phase.gains.pace);
    }
    expect(paces.slice(0, 14)).toEqual([1, 1, 1, 1, 1, 1, 1.25, 0.75, 1, 1, 1, 1, 1, 1]);
    const early = new Phase(() => 0);
    early.cruise(0);
    for (let now = 101; early.gains.pace !== 0.75; now += 101) early.proceed(seen, now);
    early.proceed({ ...seen, inFlight: 4000 }, 708);
    expect(early.gains.pace).toBe(1);
  });

  test('the floor is found once little has been under way for a round trip', () => {
    const phase = new Phase(() => 0);
    phase.findFloor();
    expect(phase.hasFoundFloor(false, 300, 0)).toBe(false);
    expect(phase.hasFoundFloor(true, 300, 100)).toBe(false);
    expect(phase.hasFoundFloor(true, 300, 399)).toBe(false);
    expect(phase.hasFoundFloor(true, 300, 400)).toBe(true);
  });
});
