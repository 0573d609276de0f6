import { randomBytes } from 'node:crypto';
import { DtlsClient, DtlsListener, type DtlsVersionNumber } from '@lb-matrix/dtls-transport';
import { generateSigningKey, nodeCrypto } from '@lb-matrix/dtls-transport/node';
import { type Figure, median } from './figure.ts';

/**
 * Our DTLS engines without sockets, by the CPU time of this process: what protecting and reading records costs, and what sessions
 * hold that are silent. Prints `Figure`s. Wants `--expose-gc`. Keys without certificates in 1.3, shared keys in 1.2.
 */

const ROUNDS = 7;
const RECORDS = 20_000;
const SESSIONS = 10_000;
/** Longer than a session keeps what it had for its handshake. */
const LATER = 100_000;
const DATA = new Uint8Array(100).fill(1);

const { key } = generateSigningKey();
const common = { crypto: nodeCrypto, randomBytes: (length: number) => new Uint8Array(randomBytes(length)) };
const psk = { identity: new TextEncoder().encode('bench'), key: new Uint8Array(32).fill(2) };
const out = new Uint8Array(2_048);

const newListener = (version: DtlsVersionNumber) =>
  version === '1.3'
    ? new DtlsListener({ ...common, versions: [version], rawKey: key })
    : new DtlsListener({ ...common, versions: [version], psk: true });

/** A client whose handshake with the listener is done, and who has said something. */
function connect(listener: DtlsListener, version: DtlsVersionNumber, path: string): DtlsClient {
  const kind = version === '1.3' ? { certificateTypes: ['raw-public-key'] as const } : { psk };
  const client = new DtlsClient({ ...common, versions: [version], path: 'server', ...kind }, 0);
  client.send(DATA);
  for (let isSilent = false; !isSilent; ) {
    isSilent = true;
    for (let sent = client.pollTransmit(out); sent !== undefined; sent = client.pollTransmit(out)) {
      listener.receive(out.slice(0, sent.length), path, 0);
      isSilent = false;
    }
    for (let event = listener.pollEvent(); event !== undefined; event = listener.pollEvent()) {
      if (event.type === 'pskIdentity') listener.acceptPsk(event.peer, psk.key, 0);
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
  return client;
}

/** So many things a second of CPU. */
function perCpuSecond(count: number, act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return count / ((user + system) / 1e6);
}

function measureRecords(version: DtlsVersionNumber): Figure[] {
  const listener = newListener(version);
  const client = connect(listener, version, 'client');
  const slots = Array.from({ length: RECORDS }, () => new Uint8Array(160));
  const [sealed, opened]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const datagrams: Uint8Array[] = [];
    sealed.push(
      perCpuSecond(RECORDS, () => {
        for (const slot of slots) {
          client.send(DATA);
          datagrams.push(slot.subarray(0, client.pollTransmit(slot)!.length));
        }
      }),
    );
    let count = 0;
    opened.push(
      perCpuSecond(RECORDS, () => {
        for (const datagram of datagrams) {
          listener.receive(datagram, 'client', 0);
          if (listener.pollEvent()?.type === 'data') count += 1;
        }
      }),
    );
    if (count !== RECORDS) throw new Error(`${RECORDS - count} records were lost`);
  }
  const figure = (name: string, values: readonly number[]): Figure => ({
    name: `DTLS ${version} records of 100 bytes, ${name} without sockets`,
    unit: 'per second of CPU',
    value: median(values),
    peer: 'ours',
  });
  return [figure('protected', sealed), figure('read', opened)];
}

function memory(): { readonly heap: number; readonly rss: number } {
  for (let round = 0; round < 4; round++) (globalThis as unknown as { gc(): void }).gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

/** The client of each session is let go at once. */
function measureSessions(version: DtlsVersionNumber): Figure[] {
  const listener = newListener(version);
  for (let session = 0; session < 1_000; session++) connect(listener, version, `before ${session}`);
  listener.close();
  while (listener.pollTransmit(out) !== undefined);
  while (listener.pollEvent() !== undefined);
  const before = memory();
  for (let session = 0; session < SESSIONS; session++) connect(listener, version, `client ${session}`);
  listener.handleTimeout(LATER);
  const held = memory();
  if (listener.stats().peers !== SESSIONS) throw new Error(`${listener.stats().peers} sessions`);
  listener.close();
  while (listener.pollTransmit(out) !== undefined);
  while (listener.pollEvent() !== undefined);
  const after = memory();
  const figure = (name: string, bytes: number): Figure => ({
    name: `DTLS ${version}, ${name} of ${SESSIONS} idle sessions`,
    unit: 'KiB a session',
    value: bytes / SESSIONS / 1_024,
    peer: 'ours',
  });
  return [
    figure('heap and external memory', held.heap - before.heap),
    figure('RSS', held.rss - before.rss),
    figure('heap and external memory after the end', after.heap - before.heap),
  ];
}

for (const version of ['1.3', '1.2'] as const) {
  for (const figure of [...measureSessions(version), ...measureRecords(version)]) console.log(JSON.stringify(figure));
}
