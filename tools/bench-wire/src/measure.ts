import { randomBytes } from 'node:crypto';
import { openClient } from './client.ts';
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
 * Milliseconds after which DTLS sends a flight again (RFC 6347 section 4.2.4.1). A run in which something takes that long
 * tells of a busy machine and not of the protocol, and does not count.
 */
const FIRST_RETRANSMISSION = 1000;

/**
 * Runs a client against a low-bandwidth server in front of a homeserver and counts the UDP datagrams between the two,
 * which are both in this process. Each run has its own DTLS session and its own certificate.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function measureWire(homeserver: string, runs: number): Promise<Measurement[]> {
  const account = await openAccount(homeserver);
  const all: Record<Case, Traffic>[] = [];
  for (let attempts = 0; all.length < runs; attempts += 1) {
    if (attempts === 2 * runs + 5)
      throw new Error('this machine is too busy: again and again something was sent twice');
    const { traffic, slowest } = await withRelay(account, (relay) => measureOnce(account, relay));
    if (slowest < FIRST_RETRANSMISSION) all.push(traffic);
  }
  return CASES.map((name) => ({ name, runs: all.map((each) => each[name]) }));
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
async function measureOnce(
  { token, roomId, userId }: Account,
  relay: Relay,
): Promise<{ traffic: Record<Case, Traffic>; slowest: number }> {
  let slowest = 0;
  const timed = async <T>(act: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await act();
    slowest = Math.max(slowest, performance.now() - start);
    return result;
  };
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const txn = randomBytes(3).toString('hex');
  const hello = { msgtype: 'm.text', body: 'Hello World' };
  const send = (number: number): [string, string, unknown] => {
    return ['PUT', `${room}/send/m.room.message/${txn}-${number}`, hello];
  };

  const client = await timed(() => openClient(relay.port, token));
  await timed(() => client.request(...send(1)));
  const fresh = await relay.takeTraffic();

  const { event_id } = await timed(() => client.request(...send(2)));
  const established = await relay.takeTraffic();

  await timed(() => client.request('POST', `${room}/receipt/m.read/${encodeURIComponent(event_id!)}`, {}));
  const receipt = await relay.takeTraffic();

  const typingTarget = `${room}/typing/${encodeURIComponent(userId)}`;
  await timed(() => client.request('PUT', typingTarget, { typing: true, timeout: 30_000 }));
  const typing = await relay.takeTraffic();

  client.close();
  const close = await relay.takeTraffic();
  return {
    traffic: { 'fresh send': fresh, 'established send': established, 'read receipt': receipt, typing, close },
    slowest,
  };
}
