import { ask, openClient, type Way } from './client.ts';
import type { Forms } from './forms.ts';
import { type Measurement, repeatRuns } from './measurement.ts';
import { withRelay } from './relay.ts';
import { openAccount, shortTransactionId } from './stack.ts';

type Case = `cold send, ${Way}`;

/**
 * Sends one message over a connection that begins with it: handshake, request with the token, answer. Counts as `measureWire`.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function measureCold(homeserver: string, runs: number, forms: Forms): Promise<Measurement[]> {
  const { token, roomId, upstream } = await openAccount(homeserver);
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  return repeatRuns<Case>(runs, async (timed) => {
    const send = (way: Way) =>
      withRelay(upstream, async (relay) => {
        const client = openClient(relay.port, forms, { way });
        const target = `${room}/send/m.room.message/${shortTransactionId()}`;
        await timed(() => ask(client, token, 'PUT', target, { msgtype: 'm.text', body: 'Hello World' }));
        const traffic = await relay.takeTraffic();
        await client.close();
        await relay.takeTraffic();
        return traffic;
      });
    return {
      'cold send, raw key': await send('raw key'),
      'cold send, certificate': await send('certificate'),
      'cold send, DTLS 1.2': await send('DTLS 1.2'),
    };
  });
}
