import { expect, it } from 'vitest';
import type { Certificates } from '../certificate.ts';
import { cellOf } from './conversations.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';
import { startsWithHandshake } from './plain-sight.ts';
import type { Loses, Relay, Side } from './relay.ts';
import { connectThrough, listenThrough } from './relayed.ts';

const FEATURE = 'any one datagram of the handshake is lost';

/** The tests of handshakes that lose one datagram: each one in turn. */
export function itLosesDatagrams(peer: DtlsPeer, table: string, certificateOf: Certificates): void {
  const setup: DtlsSetup = { version: '1.3', certificate: certificateOf('p256', 'server') };

  it('our client gets there', cellOf(table, peer, FEATURE, 'we connect'), async () => {
    await inTurn((loses) =>
      connectThrough(
        peer,
        setup,
        async (pipe, relay) => {
          await new Promise<void>((resolve) => {
            // Data is not sent again by DTLS: what comes before the server has our Finished may be lost with it.
            const timer = setInterval(() => pipe.send(Uint8Array.of(1)), 500);
            pipe.onDatagram = () => {
              clearInterval(timer);
              resolve();
            };
          });
          return relay;
        },
        loses,
      ),
    );
  });

  it('its client gets there', cellOf(table, peer, FEATURE, 'it connects'), async () => {
    await inTurn((loses) => listenThrough(peer, setup, 'HELLO', (_, relay) => relay, loses));
  });
}

/** Talks once without a loss, and then once for each datagram of that handshake, all at the same time. */
async function inTurn(talk: (loses?: Loses) => Promise<Relay>): Promise<void> {
  const losable = handshakeOf(await talk());
  expect(losable.length).toBeGreaterThanOrEqual(3);
  await Promise.all(losable.map((lost) => talk((from, index) => from === lost.from && index === lost.index)));
}

function handshakeOf({ relayed }: Relay): readonly { readonly from: Side; readonly index: number }[] {
  return (['client', 'server'] as const).flatMap((side) =>
    relayed
      .filter(({ from }) => from === side)
      .flatMap(({ from, bytes }, index) => (startsWithHandshake(bytes) ? [{ from, index }] : [])),
  );
}
