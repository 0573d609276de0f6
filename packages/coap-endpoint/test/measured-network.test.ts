import { Code, Type } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndpointError, type IncomingRequest } from '../src/index.ts';
import type { Sent } from './support/link.ts';
import { bodyOf, content, get, put } from './support/messages.ts';
import { type Pair, pair } from './support/pair.ts';

const REQUESTS = 14;

/** A network that loses, repeats and reorders, and is suddenly far away, or near again. */
const network = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  loss: fc.constantFrom(0, 0.1, 0.2),
  duplication: fc.constantFrom(0, 0.2),
  jitter: fc.constantFrom(0, 30, 300),
  /** From this time on, one way. */
  delays: fc.array(fc.record({ from: fc.nat(60_000), delay: fc.constantFrom(2, 100, 700, 2500) }), {
    minLength: 1,
    maxLength: 4,
  }),
  maxPayload: fc.constantFrom(200, 1232),
});

type Network = typeof network extends fc.Arbitrary<infer T> ? T : never;

/** Small and large requests over such a network; each is answered right, or fails for want of an answer. */
async function run({ delays, ...link }: Network, agreed: boolean): Promise<Pair> {
  const calls = new Map<string, number>();
  const name = ({ options }: IncomingRequest) => new TextDecoder().decode(options[0]!.value);
  const there = pair(
    (request) => {
      if (agreed) request.agree({ transmission: true });
      const called = name(request);
      calls.set(called, (calls.get(called) ?? 0) + 1);
      const response = content(request.payload.length > 0 ? request.payload : bodyOf(700, called.length));
      const thinking = called.length % 3 === 0 ? 0 : called.length * 130;
      if (thinking === 0) return response;
      return new Promise((resolve) => void there.time.setTimer(thinking, () => resolve(response)));
    },
    {
      ...link,
      delay: (now) => delays.filter(({ from }) => from <= now).at(-1)?.delay ?? 50,
    },
  );
  if (agreed) there.client.agree({ transmission: true });
  const { time, client } = there;
  const asked = Array.from({ length: REQUESTS }, async (_, i) => {
    const path = 'n'.repeat(i + 1);
    const body = i % 2 === 0 ? undefined : bodyOf(i % 4 === 1 ? 30 : 900, i);
    await new Promise<void>((resolve) => void time.setTimer(i * 700, resolve));
    const response = await client.request(body === undefined ? get(path) : put(body, path));
    expect(response.code).toBe(Code.Content);
    expect(response.payload).toEqual(body ?? bodyOf(700, path.length));
  });
  for (const result of await time.until(Promise.allSettled(asked))) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(EndpointError);
    expect(result.reason.code).toBe('timed_out');
  }
  for (const count of calls.values()) expect(count).toBe(1);
  return there;
}

/** The client's Confirmable messages, each with the times at which it was sent. */
function messages(log: readonly Sent[]): number[][] {
  const byId = new Map<number, number[]>();
  for (const { from, at, message } of log) {
    if (from !== 'client' || message?.type !== Type.CON) continue;
    const times = byId.get(message.messageId);
    if (times === undefined) byId.set(message.messageId, [at]);
    else times.push(at);
  }
  return [...byId.values()];
}

/** How many of them were under way at once, at least: between their first transmission and their last. */
function overlap(all: readonly number[][]): number {
  return Math.max(
    ...all.map(([start]) => all.filter((other) => other[0]! <= start! && start! <= other.at(-1)!).length),
  );
}

describe('over any network each request is answered and executed once, or fails for want of an answer', () => {
  it('between ends that measure: eight at once, each sent eight times within 60 s', async () => {
    await fc.assert(
      fc.asyncProperty(network, async (options) => {
        const { link } = await run(options, true);
        const all = messages(link.log);
        expect(overlap(all)).toBeLessThanOrEqual(8);
        for (const times of all) {
          expect(times.length).toBeLessThanOrEqual(8);
          expect(times.at(-1)! - times[0]!).toBeLessThanOrEqual(60_000);
        }
      }),
      { numRuns: 30, seed: 1 },
    );
  }, 60_000);

  it('between strangers: one at once, sent five times, 2 s and then twice as long apart', async () => {
    await fc.assert(
      fc.asyncProperty(network, async (options) => {
        const { link } = await run(options, false);
        const all = messages(link.log);
        expect(overlap(all)).toBe(1);
        for (const times of all) {
          expect(times.length).toBeLessThanOrEqual(5);
          for (let i = 1; i < times.length; i++) {
            expect(times[i]! - times[i - 1]!).toBeGreaterThanOrEqual(2000 * 2 ** (i - 1));
          }
        }
      }),
      { numRuns: 30, seed: 2 },
    );
  }, 60_000);
});
