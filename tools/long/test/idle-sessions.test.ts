import { randomBytes } from 'node:crypto';
import { DtlsClient, DtlsListener } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { expect, test } from 'vitest';
import { memoryInUse } from '../src/memory.ts';

const SESSIONS = Number(process.env.PEERS ?? 10_000);
/** Longer than a session keeps what it had for its handshake. */
const LATER = 100_000;

const { key } = generateSigningKey();
const common = {
  crypto: nodeCrypto,
  randomBytes: (length: number) => new Uint8Array(randomBytes(length)),
  versions: ['1.3'] as const,
};
const out = new Uint8Array(2_048);

/** A handshake of a client that is let go at once. */
function visit(listener: DtlsListener, path: string): void {
  const client = new DtlsClient({ ...common, path: 'server', certificateTypes: ['raw-public-key'] }, 0);
  for (let isSilent = false; !isSilent; ) {
    isSilent = true;
    for (let sent = client.pollTransmit(out); sent !== undefined; sent = client.pollTransmit(out)) {
      listener.receive(out.slice(0, sent.length), path, 0);
      isSilent = false;
    }
    for (let sent = listener.pollTransmit(out); sent !== undefined; sent = listener.pollTransmit(out)) {
      client.receive(out.slice(0, sent.length), 'server', 0);
      isSilent = false;
    }
    for (let event = client.pollEvent(); event !== undefined; event = client.pollEvent()) {
      if (event.type === 'peerRawKey') client.acceptPeer(event.spki, 0);
      isSilent = false;
    }
  }
  while (listener.pollEvent() !== undefined);
}

test(`${SESSIONS} idle sessions of DTLS 1.3 hold at most 8 KiB of heap each, and give it back`, {
  timeout: 600_000,
}, async () => {
  const listener = new DtlsListener({ ...common, rawKey: key });
  for (let session = 0; session < 200; session++) visit(listener, `before ${session}`);
  const before = await memoryInUse();
  for (let session = 0; session < SESSIONS; session++) visit(listener, `client ${session}`);
  listener.handleTimeout(LATER);
  const held = await memoryInUse();
  listener.close();
  while (listener.pollTransmit(out) !== undefined);
  while (listener.pollEvent() !== undefined);
  const after = await memoryInUse();
  const kibibytes = (mebibytes: number) => (mebibytes * 1_024) / SESSIONS;
  console.log(
    `KiB a session: heap and external ${kibibytes(held.heap - before.heap).toFixed(2)}, RSS ${kibibytes(held.rss - before.rss).toFixed(2)}; ` +
      `after the end ${kibibytes(after.heap - before.heap).toFixed(2)} and ${kibibytes(after.rss - before.rss).toFixed(2)}`,
  );
  expect(kibibytes(held.heap - before.heap)).toBeLessThan(8);
  expect(kibibytes(after.heap - before.heap)).toBeLessThan(0.8);
});
