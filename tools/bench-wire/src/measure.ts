import { randomBytes } from 'node:crypto';
import { fromFetch } from '@lb-matrix/lb-server';
import { openClient } from './client.ts';
import type { Forms } from './forms.ts';
import { type Measurement, type Run, repeatRuns, type Timed } from './measurement.ts';
import { type Relay, withRelay } from './relay.ts';
import { type Account, openAccount } from './stack.ts';

type Case = 'fresh send' | 'established send' | 'read receipt' | 'typing' | 'close';

/**
 * Runs a client against a low-bandwidth server in front of a homeserver and counts the UDP datagrams between the two,
 * which are both in this process. Each run has its own DTLS session and its own certificate.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function measureWire(homeserver: string, runs: number, forms: Forms): Promise<Measurement[]> {
  const account = await openAccount(homeserver);
  const upstream = fromFetch(fetch, homeserver);
  return repeatRuns(runs, (timed) => withRelay(upstream, (relay) => measureOnce(account, relay, timed, forms)));
}

/** What each case sends stands here, since the bytes depend on it. */
async function measureOnce(
  { token, roomId, userId }: Account,
  relay: Relay,
  timed: Timed,
  forms: Forms,
): Promise<Run<Case>> {
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const txn = randomBytes(3).toString('hex');
  const hello = { msgtype: 'm.text', body: 'Hello World' };
  const send = (number: number): [string, string, unknown] => {
    return ['PUT', `${room}/send/m.room.message/${txn}-${number}`, hello];
  };

  const client = await timed(() => openClient(relay.port, token, forms));
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
  return { 'fresh send': fresh, 'established send': established, 'read receipt': receipt, typing, close };
}
