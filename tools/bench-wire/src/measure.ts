import { LowBandwidthClient } from './client.ts';
import { openRelay, type Relay, type Traffic } from './relay.ts';
import { type Account, openAccount, serveLowBandwidth } from './stack.ts';

/** One thing that a client does, and what crossed the wire each time it did. */
export interface Measurement {
  readonly name: string;
  readonly runs: readonly Traffic[];
}

const CASES = ['fresh send', 'established send', 'read receipt', 'typing', 'close'] as const;
type Case = (typeof CASES)[number];

/**
 * Runs a client against a low-bandwidth server in front of the demo homeserver, all in this process, and counts the UDP
 * datagrams between the two. Each run has its own DTLS session and its own certificate.
 */
export async function measureWire(runs: number): Promise<Measurement[]> {
  const account = await openAccount();
  try {
    const all: Record<Case, Traffic>[] = [];
    for (let run = 0; run < runs; run += 1) all.push(await withRelay(account, (relay) => measureOnce(account, relay)));
    return CASES.map((name) => ({ name, runs: all.map((each) => each[name]) }));
  } finally {
    await account.homeserver.close();
  }
}

async function withRelay<T>({ homeserver }: Account, use: (relay: Relay) => Promise<T>): Promise<T> {
  const server = await serveLowBandwidth(homeserver);
  const relay = await openRelay(server.address.port);
  try {
    return await use(relay);
  } finally {
    relay.close();
    await server.close();
  }
}

/** What each case sends stands here, since the bytes depend on it. */
async function measureOnce({ token, roomId, userId }: Account, relay: Relay): Promise<Record<Case, Traffic>> {
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const hello = { msgtype: 'm.text', body: 'Hello World' };

  const client = await LowBandwidthClient.open(relay.port, token);
  await client.request('PUT', `${room}/send/m.room.message/txn-1`, hello);
  const fresh = await relay.takeTraffic();

  const { event_id } = (await client.request('PUT', `${room}/send/m.room.message/txn-2`, hello)) as {
    event_id: string;
  };
  const established = await relay.takeTraffic();

  await client.request('POST', `${room}/receipt/m.read/${encodeURIComponent(event_id)}`, {});
  const receipt = await relay.takeTraffic();

  await client.request('PUT', `${room}/typing/${encodeURIComponent(userId)}`, { typing: true, timeout: 30_000 });
  const typing = await relay.takeTraffic();

  client.close();
  const close = await relay.takeTraffic();
  return { 'fresh send': fresh, 'established send': established, 'read receipt': receipt, typing, close };
}
