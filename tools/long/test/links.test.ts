/**
 * The links of docs/benchmarks.md, "Bad links", with real sockets and the kernel's TCP, in real time: `LINK_RUNS` is how often what takes
 * long is done. In virtual time: tools/bad-links.
 */
import { median, quantile } from '@lb-matrix/bad-links';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whyNoTun } from '../src/emulated-link.ts';
import { type Http2Server, startNginx } from '../src/http2.ts';
import { type LinkServers, startLinkServers } from '../src/link-servers.ts';
import { measureRow } from '../src/measure-row.ts';
import { rowsOf } from '../src/table.ts';

const runs = Number(process.env.LINK_RUNS ?? 5);
let servers: LinkServers;
let nginx: Http2Server | undefined;

beforeAll(async () => {
  servers = await startLinkServers(true);
  const why = whyNoTun();
  if (why === undefined) nginx = await startNginx(servers.homeserver);
  else console.log(`Over a relay for UDP, and without HTTP/2: ${why}.`);
  console.log('| case (seconds: median / longest) | ours | HTTP/2 |\n|---|---|---|');
});

afterAll(async () => {
  await nginx?.close();
  await servers?.close();
});

const shown = (each: readonly number[] | undefined) =>
  each === undefined ? '-' : [median(each), Math.max(...each)].map((ms) => (ms / 1000).toFixed(2)).join(' / ');

test.each(rowsOf(runs))('$name', { timeout: 1_800_000 }, async (row) => {
  const { ours, http2 } = await measureRow(row, servers, nginx);
  console.log(`| ${row.name} | ${shown(ours)} | ${shown(http2)} |`);
  if (row.median !== undefined) expect(median(ours)).toBeLessThanOrEqual(row.median);
  if (row.longest !== undefined) expect(quantile(ours, 0.99)).toBeLessThanOrEqual(row.longest);
});
