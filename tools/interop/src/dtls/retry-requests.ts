import { expect, it } from 'vitest';
import type { Certificates } from '../certificate.ts';
import { exchange } from './association.ts';
import { cellOf } from './conversations.ts';
import type { DtlsPeer, DtlsSetup } from './peer.ts';
import { retryRequest } from './plain-sight.ts';
import { connectThrough, listenThrough } from './relayed.ts';

const FOR_A_COOKIE = 'HelloRetryRequest for a cookie';
const FOR_A_GROUP = 'HelloRetryRequest for a group';
const NO_RETRY = 'no HelloRetryRequest';

/** The tests of a server that has the client say hello twice, for what it wants to hear, and of one that does not. */
export function itAsksAgain(peer: DtlsPeer, table: string, certificateOf: Certificates): void {
  const setup: DtlsSetup = { version: '1.3', certificate: certificateOf('p256', 'server') };
  const askedByIt = (more: Partial<DtlsSetup>): Promise<readonly string[] | undefined> =>
    connectThrough(peer, { ...setup, ...more }, async (pipe, relay) => {
      await exchange(pipe, 'hello', async () => {});
      return retryRequest(relay);
    });

  const askedByUs = (more: Partial<DtlsSetup>): Promise<readonly string[] | undefined> =>
    listenThrough(peer, { ...setup, ...more }, 'HELLO', (_, relay) => retryRequest(relay));

  it('its server asks us for its cookie', cellOf(table, peer, FOR_A_COOKIE, 'we connect'), async () => {
    expect(await askedByIt({ group: 'x25519' })).toEqual(['cookie']);
  });

  it('its server asks us for a share of its group', cellOf(table, peer, FOR_A_GROUP, 'we connect'), async () => {
    expect(await askedByIt({ group: 'secp256r1', cookie: false })).toContain('group');
  });

  it('its server asks us for nothing', cellOf(table, peer, NO_RETRY, 'we connect'), async () => {
    expect(await askedByIt({ cookie: false })).toBeUndefined();
  });

  it('our server asks it for a cookie', cellOf(table, peer, FOR_A_COOKIE, 'it connects'), async ({ skip }) => {
    if (peer.name === 'dimpl') skip('its ClientHello is padded so that our server may answer it at once');
    expect(await askedByUs({ group: 'x25519' })).toEqual(['cookie']);
  });

  it('our server asks it for a share of a group', cellOf(table, peer, FOR_A_GROUP, 'it connects'), async ({ skip }) => {
    if (peer.name === 'dimpl') skip('it begins with a share of a group that our server takes, whichever that is');
    // It begins with a share of X25519MLKEM768.
    expect(await askedByUs({})).toContain('group');
  });

  it('our server asks it for nothing', cellOf(table, peer, NO_RETRY, 'it connects'), async ({ skip }) => {
    if (peer.name === 'wolfSSL')
      skip(
        'its ClientHello is so short that our server, which never sends more than three times what came, asks for a cookie',
      );
    expect(await askedByUs({})).toBeUndefined();
  });
}
