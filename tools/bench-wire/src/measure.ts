import { ask, openClient } from './client.ts';
import type { Forms } from './forms.ts';
import { type Measurement, type Run, repeatRuns, type Timed } from './measurement.ts';
import { type Relay, withRelay } from './relay.ts';
import { type Account, openAccount, shortTransactionId } from './stack.ts';

type Case = 'established send' | 'read receipt' | 'typing' | 'close';

/**
 * Runs a client against a low-bandwidth server in front of a homeserver and counts the UDP datagrams between the two,
 * which are both in this process. Each run has a DTLS session of its own, which has been used once.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function measureWire(homeserver: string, runs: number, forms: Forms): Promise<Measurement[]> {
  const account = await openAccount(homeserver);
  return repeatRuns(runs, (timed) => withRelay(account.upstream, (relay) => measureOnce(account, relay, timed, forms)));
}

/** What each case sends stands here, since the bytes depend on it. */
async function measureOnce(
  { token, roomId, userId }: Account,
  relay: Relay,
  timed: Timed,
  forms: Forms,
): Promise<Run<Case>> {
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  const hello = { msgtype: 'm.text', body: 'Hello World' };
  const send = (): [string, string, unknown] => ['PUT', `${room}/send/m.room.message/${shortTransactionId()}`, hello];

  const client = openClient(relay.port, forms, {});
  await timed(() => ask(client, token, ...send()));
  await relay.takeTraffic();

  const { event_id } = await timed(() => ask(client, token, ...send()));
  const established = await relay.takeTraffic();

  await timed(() => ask(client, token, 'POST', `${room}/receipt/m.read/${encodeURIComponent(event_id!)}`, {}));
  const receipt = await relay.takeTraffic();

  const typingTarget = `${room}/typing/${encodeURIComponent(userId)}`;
  await timed(() => ask(client, token, 'PUT', typingTarget, { typing: true, timeout: 30_000 }));
  const typing = await relay.takeTraffic();

  await client.close();
  const close = await relay.takeTraffic();
  return { 'established send': established, 'read receipt': receipt, typing, close };
}
