import { expect, test } from 'vitest';
import { seeded, VirtualTime } from '../src/index.ts';

test('timers fire in the order of their times, those of one time in the order in which they were set', async () => {
  const time = new VirtualTime();
  const random = seeded(3);
  const expected: string[] = [];
  const fired: string[] = [];
  const times = Array.from({ length: 200 }, () => Math.floor(random() * 50));
  times.forEach((at, index) => {
    time.setTimer(at, () => fired.push(`${at}:${index}`));
  });
  times.forEach((at, index) => {
    expected.push(`${at}:${index}`);
  });
  expected.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  await time.advance(100);
  expect(fired).toEqual(expected);
  expect(time.timers).toBe(0);
});

test('a timer that is cancelled does not fire, and what is set amid others does', async () => {
  const time = new VirtualTime();
  const fired: string[] = [];
  const cancel = time.setTimer(5, () => fired.push('never'));
  time.setTimer(3, () => {
    cancel();
    time.setTimer(1, () => fired.push(`at ${time.now()}`));
  });
  expect(time.timers).toBe(2);
  await time.advance(3.5);
  expect(fired).toEqual([]);
  await time.advance(10);
  expect(fired).toEqual(['at 4']);
  expect(time.now()).toBe(13.5);
});

test('time passes until a promise has settled, and not for ever', async () => {
  const time = new VirtualTime();
  const after = (ms: number) => new Promise<string>((resolve) => time.setTimer(ms, () => resolve('done')));
  expect(await time.until(after(1000))).toBe('done');
  expect(time.now()).toBe(1000);
  await expect(time.until(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await expect(time.until(after(2000), 1000)).rejects.toThrow('still waiting');
  await expect(time.until(new Promise(() => {}))).rejects.toThrow('still waiting');
});

test('randomness is that of the seed', () => {
  const bytes = (seed: number) => new VirtualTime(seed).randomBytes(64);
  expect(bytes(1)).toEqual(bytes(1));
  expect(bytes(1)).not.toEqual(bytes(2));
  expect(new Set(bytes(1)).size).toBeGreaterThan(40);
});
