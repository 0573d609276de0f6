import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Client } from '../src/client.ts';
import { memoryInUse } from '../src/memory.ts';
import { startServer } from '../src/test-server.ts';

const PEERS = Number(process.env.PEERS ?? 10_000);
const AT_A_TIME = 100;
/** Long enough for all of them to be there at once. */
const IDLE_TIMEOUT = 10_000 + 6 * PEERS;

test(`${PEERS} peers open, send and vanish: nothing of them is left`, { timeout: 900_000 }, async () => {
  const { dtls, coap, spki } = await startServer({ idleTimeout: IDLE_TIMEOUT, maxPeers: PEERS });
  const visit = async (peer: number) => {
    // A port of its own would not do: the system gives those of vanished peers to new ones, which then take their place.
    const client = await Client.connect(dtls.address.port, spki, `127.2.${peer >> 8}.${peer & 255}`);
    const payload = new TextEncoder().encode(`peer ${peer}`);
    expect(await client.request(payload)).toEqual(payload);
    client.vanish();
  };
  await visit(0); // what is loaded once is loaded now
  const before = await memoryInUse();
  for (let peer = 1; peer < PEERS; peer += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, PEERS - peer);
    await Promise.all(Array.from({ length: count }, (_, index) => visit(peer + index)));
  }
  const held = { peers: dtls.stats().peers, ...(await memoryInUse()) };
  expect(held.peers).toBe(PEERS);
  while (dtls.stats().peers > 0) await sleep(1_000);
  // The memory that recognises duplicates goes with its session.
  expect(coap.stats().sessions).toBe(0);
  const after = await memoryInUse();
  console.log(
    `MiB of heap before ${before.heap.toFixed(1)}, with ${held.peers} associations ${held.heap.toFixed(1)}, after ${after.heap.toFixed(1)}; ` +
      `RSS ${before.rss.toFixed(0)}, ${held.rss.toFixed(0)}, ${after.rss.toFixed(0)}`,
  );
  // A tenth of what they took may be caches of the runtime.
  expect(after.heap - before.heap).toBeLessThan(Math.max(4, (held.heap - before.heap) / 10));
  await coap.close();
});
