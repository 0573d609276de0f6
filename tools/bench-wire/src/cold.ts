import { fromFetch } from '@lb-matrix/lb-server';
import { type Dtls, openClient } from './client.ts';
import type { Forms } from './forms.ts';
import { type Measurement, repeatRuns } from './measurement.ts';
import { withRelay } from './relay.ts';
import { openAccount, RAW_KEY_PIN } from './stack.ts';

type Case = 'cold send, raw key' | 'cold send, certificate';

/** DTLS 1.3 alone: what a client offers that knows the server's key, and what it costs one that does not. */
const CASES: Readonly<Record<Case, Dtls>> = {
  'cold send, raw key': { versions: ['1.3'], pins: [RAW_KEY_PIN] },
  'cold send, certificate': { versions: ['1.3'], dangerouslySkipVerification: true },
};

/**
 * Sends one message over a connection that begins with it, in DTLS 1.3: handshake, request with the token, answer. Counts as
 * `measureWire`.
 *
 * @param homeserver - base URL of one where anybody may register
 */
export async function measureCold(homeserver: string, runs: number, forms: Forms): Promise<Measurement[]> {
  const { token, roomId } = await openAccount(homeserver);
  const upstream = fromFetch(fetch, homeserver);
  let sent = 0;
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  return repeatRuns<Case>(runs, async (timed) => {
    const send = (dtls: Dtls) =>
      withRelay(upstream, async (relay) => {
        const client = await timed(() => openClient(relay.port, token, forms, dtls));
        // A transaction id of always the same length, and never the same.
        const target = `${room}/send/m.room.message/${String(sent++).padStart(6, '0')}-1`;
        await timed(() => client.request('PUT', target, { msgtype: 'm.text', body: 'Hello World' }));
        const traffic = await relay.takeTraffic();
        client.close();
        await relay.takeTraffic();
        return traffic;
      });
    return {
      'cold send, raw key': await send(CASES['cold send, raw key']),
      'cold send, certificate': await send(CASES['cold send, certificate']),
    };
  });
}
