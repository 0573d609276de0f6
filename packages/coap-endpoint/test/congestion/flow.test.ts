import { Link, type LinkOptions, seeded, VirtualTime } from '@lb-matrix/virtual-network';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFlow, type FlowOptions, type Sent } from '../../src/congestion/flow.ts';
import { Bulk, type BulkOptions } from '../support/bulk.ts';
import { Reno } from '../support/reno.ts';

const BROADBAND: LinkOptions = { up: { rate: 2e6, delay: 50 }, down: { rate: 2e6, delay: 50 }, queuePackets: 50 };
const RADIO: LinkOptions = { up: { rate: 6e4, delay: 200 }, down: { rate: 3e4, delay: 400 }, mtu: 296 };

interface Run {
  /** Of the link's rate, by what arrived. */
  readonly share: number;
  readonly lost: number;
  readonly bulk: Bulk;
}

interface RunOptions extends BulkOptions {
  readonly seconds?: number;
  readonly flow?: Partial<FlowOptions>;
}

async function alone(options: LinkOptions, { seconds = 20, flow, ...bulkOptions }: RunOptions = {}): Promise<Run> {
  const time = new VirtualTime();
  const link = new Link(time, options);
  const bulk = new Bulk(time, link, createFlow({ random: seeded(7), ...flow }, 0), bulkOptions);
  bulk.start();
  await time.advance(1000 * seconds);
  const { lost, packets } = link.counts('down');
  return { share: (8 * bulk.arrived) / options.down!.rate! / seconds, lost: lost / packets, bulk };
}

/** What a Reno sender gets of the link beside us in a minute, after one of both has had it alone for five seconds. */
async function renoBeside(options: LinkOptions, first: 'ours' | 'reno', roundTrip?: number) {
  const time = new VirtualTime();
  const link = new Link(time, options);
  const bulk = new Bulk(time, link, createFlow({ random: seeded(7), roundTrip }, 0));
  const reno = new Reno(time, link);
  (first === 'ours' ? bulk : reno).start();
  await time.advance(5000);
  (first === 'ours' ? reno : bulk).start();
  const [oursBefore, renoBefore] = [bulk.arrived, reno.bytes];
  await time.advance(60_000);
  const share = (bytes: number) => (8 * bytes) / options.down!.rate! / 60;
  return { ours: share(bulk.arrived - oursBefore), reno: share(reno.bytes - renoBefore) };
}

describe('alone', () => {
  test('2 Mbit/s with 100 ms: 90 % of it, and no loss in a queue of 50 packets', async () => {
    const { share, lost, bulk } = await alone(BROADBAND);
    expect(share).toBeGreaterThan(0.9);
    expect(lost).toBe(0);
    // Startup fills the queue by about as much as the link holds, and no more.
    expect(bulk.longest).toBeLessThan(250);
  });

  test.each([1, 2, 3])('the same with every tenth packet lost: 85 % arrives (seed %i)', async (seed) => {
    expect((await alone({ ...BROADBAND, loss: 0.1, seed })).share).toBeGreaterThan(0.85);
  });

  test.each([1, 2, 3])('1 Mbit/s with 200 ms, every tenth lost each way (seed %i)', async (seed) => {
    const link = { up: { rate: 1e6, delay: 100 }, down: { rate: 1e6, delay: 100 }, loss: 0.1, seed };
    expect((await alone(link)).share).toBeGreaterThan(0.8);
  });

  test('a radio link that carries three datagrams in a round trip', async () => {
    const { share, lost } = await alone(RADIO, { seconds: 60, patience: 8000, flow: { roundTrip: 700 } });
    expect(share).toBeGreaterThan(0.9);
    expect(lost).toBe(0);
  });

  test('50 Mbit/s, woken by timers of whole milliseconds', async () => {
    const link = { up: { rate: 5e7, delay: 10 }, down: { rate: 5e7, delay: 10 }, queuePackets: 200 };
    expect((await alone(link, { seconds: 5 })).share).toBeGreaterThan(0.9);
  });

  test('a queue too short for two flows does not overflow all the time', async () => {
    const { share, lost } = await alone({ ...BROADBAND, queuePackets: 25 });
    expect(share).toBeGreaterThan(0.9);
    expect(lost).toBeLessThan(0.03);
  });

  test.each([
    ['one report for each datagram', { reportEvery: 1 }],
    ['one report for thirty', { reportEvery: 30 }],
  ])('%s', async (_, options) => {
    const { share, lost } = await alone(BROADBAND, options);
    expect(share).toBeGreaterThan(0.9);
    expect(lost).toBeLessThan(0.01);
  });
});

describe('beside a TCP flow', () => {
  test.each([
    ['ours', 'first', 100],
    ['ours', 'first, and no round trip known', undefined],
    ['reno', 'later', 100],
    ['reno', 'later, and no round trip known', undefined],
  ] as const)(
    '%s begins: a third and more is left to Reno, and we have a third (we are %s)',
    async (first, _, known) => {
      const { ours, reno } = await renoBeside(BROADBAND, first, known);
      expect(reno).toBeGreaterThan(1 / 3);
      expect(ours).toBeGreaterThan(1 / 3);
      expect(ours + reno).toBeGreaterThan(0.9);
    },
  );

  test.each(['ours', 'reno'] as const)('1 Mbit/s with 200 ms (%s begins)', async (first) => {
    const link = { up: { rate: 1e6, delay: 100 }, down: { rate: 1e6, delay: 100 } };
    expect((await renoBeside(link, first, 200)).reno).toBeGreaterThan(1 / 3);
  });
});

test('what changes is noticed: a link that becomes four times slower, and fast again', async () => {
  const time = new VirtualTime();
  const down = { rate: 2e6, delay: 50 };
  const link = new Link(time, { ...BROADBAND, down });
  const bulk = new Bulk(time, link, createFlow({ random: seeded(7) }, 0));
  const shareOf = async (rate: number) => {
    down.rate = rate;
    await time.advance(3000);
    const before = bulk.arrived;
    await time.advance(10_000);
    return (8 * (bulk.arrived - before)) / rate / 10;
  };
  bulk.start();
  expect(await shareOf(2e6)).toBeGreaterThan(0.9);
  expect(await shareOf(5e5)).toBeGreaterThan(0.85);
  expect(link.counts('down').lost / link.counts('down').packets).toBeLessThan(0.05);
  await shareOf(2e6);
  expect(await shareOf(2e6)).toBeGreaterThan(0.85);
});

test('where nothing arrives any more hardly anything is sent, and it begins anew when something does', async () => {
  const time = new VirtualTime();
  const options = { ...BROADBAND, loss: 0 };
  const link = new Link(time, options);
  let isCut = false;
  const cut = Object.assign(Object.create(link), {
    send: (...[direction, payload, arrive]: Parameters<Link['send']>) =>
      link.send(direction, payload, () => {
        if (!isCut) arrive();
      }),
  }) as Link;
  const bulk = new Bulk(time, cut, createFlow({ random: seeded(7) }, 0));
  bulk.start();
  await time.advance(5000);
  isCut = true;
  await time.advance(2000);
  const before = bulk.sent;
  await time.advance(20_000);
  expect(bulk.sent - before).toBeLessThan(20);
  isCut = false;
  await time.advance(20_000);
  const arrived = bulk.arrived;
  await time.advance(10_000);
  expect((8 * (bulk.arrived - arrived)) / 2e6 / 10).toBeGreaterThan(0.9);
});

test('RFC 6928: before anything is heard ten datagrams may leave, within a quarter of the round trip', () => {
  const flow = createFlow({ random: seeded(1), roundTrip: 400 }, 0);
  let now = 0;
  let count = 0;
  for (let at = flow.sendTime(1000, now); at !== undefined; at = flow.sendTime(1000, now)) {
    now = at;
    flow.sent(1000, now);
    count++;
  }
  expect(count).toBe(10);
  expect(now).toBeGreaterThan(80);
  expect(now).toBeLessThan(100);
});

test.each([
  [1_000, 15, 30],
  [15_000, 10, 10],
])('after a pause of %i ms it goes on as before, or begins anew when that is long', async (pause, least, most) => {
  const time = new VirtualTime();
  const bulk = new Bulk(time, new Link(time, BROADBAND), createFlow({ random: seeded(7) }, 0));
  bulk.start();
  await time.advance(5000);
  bulk.stop();
  await time.advance(pause);
  expect(bulk.underWay).toBe(0);
  const before = bulk.sent;
  bulk.start();
  // Nothing can have been heard by then.
  await time.advance(100);
  expect(bulk.sent - before).toBeGreaterThanOrEqual(least);
  expect(bulk.sent - before).toBeLessThanOrEqual(most);
});

test('whatever is told: with nothing under way something may leave, and what may leave has a time', () => {
  const step = fc.record({
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 60_000 })),
    send: fc.integer({ min: 0, max: 20 }),
    bytes: fc.integer({ min: 1, max: 1500 }),
    fates: fc.array(fc.constantFrom('delivered', 'lost', 'forgotten'), { maxLength: 20 }),
    newestFirst: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.option(fc.integer({ min: 0, max: 5000 })), (steps, roundTrip) => {
      const flow = createFlow({ random: seeded(5), roundTrip: roundTrip ?? undefined }, 0);
      const underWay: Sent[] = [];
      let now = 0;
      for (const { wait, send, bytes, fates, newestFirst } of steps) {
        now += wait;
        for (let count = 0; count < send; count++) {
          const at = flow.sendTime(bytes, now);
          if (at === undefined) {
            expect(underWay.length).toBeGreaterThan(0);
            break;
          }
          expect(at).toBeGreaterThanOrEqual(now);
          expect(at).toBeLessThan(Number.POSITIVE_INFINITY);
          now = Math.min(at, now + 1000);
          underWay.push(flow.sent(bytes, now));
        }
        for (const fate of fates) {
          const sent = newestFirst ? underWay.pop() : underWay.shift();
          if (sent !== undefined) flow[fate](sent, now);
        }
      }
      for (const sent of underWay.splice(0)) flow.lost(sent, now);
      expect(flow.sendTime(1200, now)).toBeDefined();
    }),
    { seed: 20261124, numRuns: 500 },
  );
});
