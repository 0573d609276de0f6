import { OptionNumber, stringValues } from '@lb-matrix/coap-codec';
import type { LinkOptions } from '@lb-matrix/virtual-network';
import { describe, expect, it } from 'vitest';
import type { Handler, IncomingRequest } from '../src/index.ts';
import { agreed } from './support/agreed.ts';
import { randomBody } from './support/bodies.ts';
import { content, get, put } from './support/messages.ts';

const MIB = randomBody(2 ** 20, 1);
const KIB_100 = MIB.subarray(0, 102_400);
const SEEDS = [1, 2, 3, 4, 5];

const FAST: LinkOptions = { down: { rate: 2e6, delay: 50 }, up: { rate: 2e6, delay: 50 } };
const RADIO: LinkOptions = { down: { rate: 6e4, delay: 200 }, up: { rate: 3e4, delay: 400 }, mtu: 296 };
const LOSSY: LinkOptions = { down: { rate: 1e6, delay: 100 }, up: { rate: 1e6, delay: 100 }, loss: 0.1 };

const pathOf = ({ options }: IncomingRequest): string => stringValues(options, OptionNumber.UriPath)!.join('/');
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Milliseconds from the request to the last byte of its response: the median of the seeds. */
async function median(body: Uint8Array, way: 'down' | 'up', options: LinkOptions): Promise<number> {
  const times: number[] = [];
  for (const seed of SEEDS) {
    const received: Uint8Array[] = [];
    const handler: Handler = (request) => {
      if (pathOf(request) === 'in') received.push(request.payload);
      return content(pathOf(request) === 'out' ? body : '');
    };
    const { time, client } = await agreed(handler, { ...options, seed });
    const start = time.now();
    const { payload } = await time.until(client.request(way === 'down' ? get('out') : put(body, 'in')));
    times.push(time.now() - start);
    expect(same(way === 'down' ? payload : received[0]!, body)).toBe(true);
    expect(received.length).toBe(way === 'down' ? 0 : 1);
  }
  return times.sort((a, b) => a - b)[2]!;
}

const rate = (body: Uint8Array, milliseconds: number): number => (body.length * 8000) / milliseconds;

describe.each(['down', 'up'] as const)('a large body %s between ends that agreed', (way) => {
  it('of 1 MiB at 2 Mbit/s and 100 ms takes 85 % of the link for its payload', async () => {
    expect(rate(MIB, await median(MIB, way, FAST))).toBeGreaterThan(0.85 * 2e6);
  });

  it('of 100 KiB at 30/60 kbit/s, 400/200 ms and an MTU of 296 takes 62 % of the link', async () => {
    const link = way === 'down' ? 6e4 : 3e4;
    expect(rate(KIB_100, await median(KIB_100, way, RADIO))).toBeGreaterThan(0.62 * link);
  });

  it('of 100 KiB at 1 Mbit/s, 200 ms and 10 % loss each way takes 4 s at most', async () => {
    expect(await median(KIB_100, way, LOSSY)).toBeLessThan(4000);
  });
});

describe('small requests during a large response', () => {
  it('are each answered within two round trips more than without it', async () => {
    const { time, client } = await agreed((request) => content(pathOf(request) === 'out' ? MIB : 'x'), FAST);
    const large = client.request(get('out'));
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      await time.advance(150);
      const start = time.now();
      await time.until(client.request(get('small', String(i))));
      times.push(time.now() - start);
    }
    expect(Math.max(...times)).toBeLessThan(100 + 200);
    expect((await time.until(large)).payload.length).toBe(MIB.length);
  });
});
