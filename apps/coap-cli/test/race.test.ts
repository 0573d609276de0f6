import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { race } from '../src/race.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Attempt {
  readonly start: (signal: AbortSignal) => Promise<string>;
  startedAt: number | undefined;
  aborted: boolean;
}

/** An attempt that ends after so many milliseconds. */
function attempt(after: number, result: string | Error): Attempt {
  const self: Attempt = {
    startedAt: undefined,
    aborted: false,
    start: (signal) => {
      self.startedAt = Date.now() - begin;
      signal.addEventListener('abort', () => {
        self.aborted = true;
      });
      return new Promise((resolve, reject) => {
        setTimeout(() => (result instanceof Error ? reject(result) : resolve(result)), after);
      });
    },
  };
  return self;
}

let begin = 0;
async function run(attempts: readonly Attempt[], signal = new AbortController().signal) {
  begin = Date.now();
  const discarded: string[] = [];
  const result = race(
    attempts.map(({ start }) => start),
    { headStart: 250, signal, discard: (late) => discarded.push(late) },
  ).catch((error: Error) => error.message);
  await vi.runAllTimersAsync();
  return { result: await result, discarded };
}

const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'recvmsg' });
const unusable = Object.assign(new Error('unusable'), { code: 'EADDRNOTAVAIL', syscall: 'connect' });
const closed = new Error('closed', { cause: refused });
const certificate = new Error('certificate');

test('an answer within the head start leaves the second address alone', async () => {
  const [first, second] = [attempt(249, 'first'), attempt(0, 'second')];
  expect(await run([first, second])).toEqual({ result: 'first', discarded: [] });
  expect(second.startedAt).toBeUndefined();
});

test('a refusal starts the second at once', async () => {
  const [first, second] = [attempt(1, refused), attempt(0, 'second')];
  expect(await run([first, second])).toEqual({ result: 'second', discarded: [] });
  expect(second.startedAt).toBe(1);
});

test('silence starts the second after the head start, the first to answer wins, the other is aborted and discarded', async () => {
  const [first, second] = [attempt(500, 'first'), attempt(100, 'second')];
  expect(await run([first, second])).toEqual({ result: 'second', discarded: ['first'] });
  expect(second.startedAt).toBe(250);
  expect(first.aborted).toBe(true);
});

test('the first may still win after the second has started', async () => {
  const [first, second] = [attempt(300, 'first'), attempt(100, 'second')];
  expect(await run([first, second])).toEqual({ result: 'first', discarded: ['second'] });
});

test('a failure waits for the attempts that still run', async () => {
  expect(await run([attempt(500, 'first'), attempt(0, refused)])).toMatchObject({ result: 'first' });
});

test.each([
  [refused, certificate, 'certificate'],
  [closed, certificate, 'certificate'],
  [unusable, certificate, 'certificate'],
  [unusable, refused, 'refused'],
  [unusable, closed, 'closed'],
  [refused, refused, 'refused'],
])('when all fail, with %s and %s, it is %s that is told', async (one, other, told) => {
  expect(await run([attempt(1, one), attempt(1, other)])).toMatchObject({ result: told });
  expect(await run([attempt(1, other), attempt(1, one)])).toMatchObject({ result: told });
});

test('an abort starts nothing more and reaches what runs', async () => {
  const controller = new AbortController();
  const [first, second] = [attempt(300, new Error('aborted')), attempt(0, 'second')];
  setTimeout(() => controller.abort(), 100);
  expect(await run([first, second], controller.signal)).toEqual({ result: 'aborted', discarded: [] });
  expect(first.aborted).toBe(true);
  expect(second.startedAt).toBeUndefined();
});

test('nothing starts when it is too late from the beginning', async () => {
  const first = attempt(0, 'first');
  expect(await run([first], AbortSignal.abort(new Error('too late')))).toEqual({ result: 'too late', discarded: [] });
  expect(first.startedAt).toBeUndefined();
});
