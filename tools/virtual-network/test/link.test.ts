import { expect, test } from 'vitest';
import { fragments } from '../src/fragments.ts';
import { Link, type LinkOptions, linkPipes, VirtualTime } from '../src/index.ts';

/** What arrives of datagrams sent down at time 0, and when. */
async function arrivals(sizes: readonly number[], options: LinkOptions) {
  const time = new VirtualTime();
  const link = new Link(time, options);
  const arrived: (readonly [size: number, at: number])[] = [];
  for (const size of sizes) link.send('down', size, () => arrived.push([size, time.now()]));
  await time.advance(60_000);
  return { arrived, counts: link.counts('down') };
}

test('a datagram takes its IP bytes at the rate of the link, and then the delay', async () => {
  const { arrived, counts } = await arrivals([972, 472], { down: { rate: 1_000_000, delay: 50 } });
  expect(arrived).toEqual([
    [972, 58],
    [472, 62],
  ]);
  expect(counts).toEqual({ datagrams: 2, packets: 2, ipBytes: 1500, lost: 0 });
});

test('a datagram beyond the MTU goes in fragments with a header of 20 bytes each', async () => {
  expect(fragments(1472, 1500)).toEqual([1500]);
  expect(fragments(1473, 1500)).toEqual([1500, 21]);
  // Of 276 bytes only 272 are a multiple of eight.
  expect(fragments(600, 296)).toEqual([292, 292, 84]);
  const { arrived, counts } = await arrivals([600], { down: { rate: 8000 }, mtu: 296 });
  expect(arrived).toEqual([[600, 668]]);
  expect(counts).toEqual({ datagrams: 1, packets: 3, ipBytes: 668, lost: 0 });
});

test('a datagram is lost with any of its fragments', async () => {
  const whole = await arrivals(Array(2000).fill(100), { loss: 0.1, queuePackets: 5000 });
  const inThree = await arrivals(Array(2000).fill(600), { loss: 0.1, queuePackets: 9000, mtu: 296 });
  expect(whole.arrived.length / 2000).toBeCloseTo(0.9, 1);
  expect(inThree.arrived.length / 2000).toBeCloseTo(0.729, 1);
  expect(inThree.counts.lost / inThree.counts.packets).toBeCloseTo(0.1, 1);
});

test('what does not fit the queue is lost', async () => {
  const { arrived, counts } = await arrivals(Array(60).fill(972), { down: { rate: 1_000_000 } });
  expect(arrived).toHaveLength(50);
  expect(counts.lost).toBe(10);
  const short = await arrivals([972, 972, 972], { down: { rate: 1_000_000 }, queuePackets: 2 });
  expect(short.arrived).toHaveLength(2);
});

test('the same seed loses the same, another one other datagrams', async () => {
  const sizes = Array.from({ length: 100 }, (_, index) => index);
  const run = async (seed: number) => (await arrivals(sizes, { loss: 0.2, seed, queuePackets: 1000 })).arrived;
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
});

test('two pipes are the ends of a session, and what encryption adds is counted', async () => {
  const time = new VirtualTime();
  const link = new Link(time, { up: { delay: 5 }, down: { delay: 7 } });
  const { client, server } = linkPipes(link, time, { overhead: 29 });
  const seen: string[] = [];
  server.onDatagram = (datagram, now) => {
    seen.push(`up ${datagram} ${now}`);
    server.send(Uint8Array.of(2));
  };
  client.onDatagram = (datagram, now) => seen.push(`down ${datagram} ${now}`);
  const bytes = Uint8Array.of(1);
  client.send(bytes);
  bytes.fill(9);
  await time.advance(100);
  expect(seen).toEqual(['up 1 5', 'down 2 12']);
  expect(link.counts('up').ipBytes).toBe(1 + 29 + 28);
  expect(() => client.send(new Uint8Array(1233))).toThrow('1233');
  client.close();
  expect(() => client.send(bytes)).toThrow('closed');
});
