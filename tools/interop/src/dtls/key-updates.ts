import { expect, it } from 'vitest';
import type { Certificates } from '../certificate.ts';
import { exchange } from './association.ts';
import { cellOf } from './conversations.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';
import { epochsSeen } from './plain-sight.ts';
import { connectThrough, listenThrough } from './relayed.ts';

const FROM_IT = 'KeyUpdate from the peer, and ours as its answer';

/** The tests of keys that change while both sides talk. */
export function itChangesKeys(peer: DtlsPeer, table: string, certificateOf: Certificates): void {
  const setup: DtlsSetup = { version: '1.3', certificate: certificateOf('p256', 'server'), keyUpdate: true };

  it('its server changes its keys', cellOf(table, peer, FROM_IT, 'we connect'), async () => {
    await connectThrough(peer, setup, async (pipe, relay) => {
      for (const word of ['one', 'two', 'three', 'four']) await exchange(pipe, word, async () => {});
      // Application data starts in epoch 3; the header tells of the next one, 4, the two lowest bits (RFC 9147 sections 4 and 6.1).
      expect(epochsSeen(relay, 'server')).toContain(0);
      expect(epochsSeen(relay, 'client')).toContain(0);
    });
  });

  it('its client changes its keys', cellOf(table, peer, FROM_IT, 'it connects'), async () => {
    await listenThrough(peer, setup, 'echo 4 HELLO', (_, relay) => {
      expect(epochsSeen(relay, 'client')).toContain(0);
      expect(epochsSeen(relay, 'server')).toContain(0);
    });
  });
}
