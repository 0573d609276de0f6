import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { deterministicCrypto } from '../support/deterministic-provider.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { type FixtureName, fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const newCrypto = () => deterministicCrypto('flights of 1.3');
const fixture = (name: FixtureName) => fixtureIdentity(name, newCrypto().importSigningKey);
const server = fixture('server');
const rawKey = fixture('ed25519').key;

/** What a client asks that wants nothing but one suite, one group and one kind of key. */
const LEAN: Partial<DtlsClientOptions> = {
  versions: ['1.3'],
  serverName: undefined,
  cipherSuites: ['TLS_AES_128_GCM_SHA256'],
  groups: ['x25519'],
};
const only = (scheme: 'ed25519' | 'ecdsa_secp256r1_sha256') => ({ ...newCrypto(), signatureSchemes: [scheme] });

const REQUEST = 'q'.repeat(100);
const RESPONSE = 60;

/** A handshake, a request of 100 bytes that is there from the beginning, a response of 60: the datagrams, as `who:bytes`. */
function conversation(client: Partial<DtlsClientOptions>, listener: Partial<DtlsListenerOptions>): string[] {
  const network = new VirtualNetwork(0);
  const theirs = new TestListener(network, { crypto: newCrypto(), versions: ['1.3'], ...listener }, client);
  const echo = theirs.engine.send.bind(theirs.engine);
  theirs.engine.send = (peer, data) => echo(peer, data.subarray(0, RESPONSE));
  const ours = new TestClient(network, 'client', { crypto: newCrypto(), ...client }, listener.identity);
  ours.judgeRawKey = (spki, now) => ours.engine.acceptPeer(spki, now);
  ours.send(REQUEST);
  network.run(900);
  expect(ours.received).toEqual([REQUEST.slice(0, RESPONSE)]);
  ours.send(REQUEST);
  network.run(1_800);
  return network.sent.map(({ from, datagram }) => `${from === SERVER ? 'server' : 'client'}:${datagram.length}`);
}

const sum = (datagrams: readonly string[]) =>
  datagrams.reduce((total, datagram) => total + Number(datagram.split(':')[1]), 0);

/** A record adds 19 bytes when it is alone. */
const ESTABLISHED = ['client:119', 'server:79'];

describe('bytes of each datagram, a request of 100 bytes and a response of 60', () => {
  test('raw public keys, X25519 and Ed25519: 780 in four datagrams, then 198 in two', () => {
    const crypto = only('ed25519');
    const client = { ...LEAN, crypto, certificateTypes: ['raw-public-key'] as const };
    const datagrams = conversation(client, { identity: undefined, rawKey });
    expect(datagrams).toEqual([
      'client:140', // ClientHello: record 13, message 12, body 115
      // ServerHello 13 + 12 + 86; one record of EncryptedExtensions 12 + 7, Certificate 12 + 53, CertificateVerify
      // 12 + 68 and Finished 12 + 32, which adds 19
      'server:338',
      'client:184', // Finished 12 + 32 in a record that adds 21; the request in one that adds 19
      'server:118', // ACK 18 + 21; the response 60 + 19
      ...ESTABLISHED,
    ]);
    expect(sum(datagrams.slice(0, 4))).toBe(780);
    expect(sum(ESTABLISHED)).toBe(198);
  });

  test('X.509, X25519 and P-256: 661 + C + S, a certificate of C = 415 bytes and a signature of S = 72 (70 to 72)', () => {
    const client = { ...LEAN, crypto: only('ecdsa_secp256r1_sha256') };
    const datagrams = conversation(client, { identity: server });
    const C = server.chain[0]!.length;
    expect(C).toBe(415);
    expect(datagrams).toEqual([
      'client:411', // padded to a third of a datagram; 134 without
      `server:${C + 72 + 225}`,
      'client:184',
      'server:118',
      ...ESTABLISHED,
    ]);
    expect(sum(datagrams.slice(0, 4)) - (411 - 134)).toBe(661 + C + 72);
  });

  test.each([1, 6, 128])(
    'a shared key with ECDHE, a name of L = %i bytes: 675 + L in four datagrams, then 198 in two',
    (L) => {
      const psk = { identity: new Uint8Array(L).fill(65), key: new Uint8Array(16).fill(7) };
      const datagrams = conversation({ ...LEAN, psk }, { identity: undefined, psk: true });
      expect(datagrams).toEqual([
        `client:${179 + L}`, // the ClientHello with a raw key, but modes 6 and pre_shared_key 47 + L in place of 14
        // ServerHello with 6 more; EncryptedExtensions 12 + 2 and Finished 12 + 32 in a record that adds 19
        'server:194',
        'client:184',
        'server:118',
        ...ESTABLISHED,
      ]);
      expect(sum(datagrams.slice(0, 4))).toBe(675 + L);
      expect(sum(ESTABLISHED)).toBe(198);
    },
  );

  test('a shared key alone (psk_ke): 585 + L, without forward secrecy', () => {
    const psk = { identity: Uint8Array.of(65), key: new Uint8Array(16).fill(7) };
    const pskModes = ['psk_ke'] as const;
    const datagrams = conversation({ ...LEAN, psk, pskModes }, { identity: undefined, psk: true, pskModes });
    expect(sum(datagrams.slice(0, 4))).toBe(585 + psk.identity.length);
  });

  test('with all that we offer by default, and a name', () => {
    const datagrams = conversation({ versions: ['1.3'], serverName: 'localhost' }, { identity: server });
    expect(datagrams).toEqual(['client:411', 'server:710', 'client:184', 'server:118', ...ESTABLISHED]);
  });

  test('with 1.2 on offer too', () => {
    const datagrams = conversation({ versions: ['1.3', '1.2'], serverName: 'localhost' }, { identity: server });
    expect(datagrams).toEqual(['client:411', 'server:712', 'client:184', 'server:118', ...ESTABLISHED]);
  });

  test('with a cookie', () => {
    const identity = { ...server, chain: [...server.chain, new Uint8Array(700)] };
    expect(conversation(LEAN, { identity })).toEqual([
      'client:411',
      'server:129', // HelloRetryRequest: record 13, message 12, body 104, of which the cookie is 52
      'client:194', // the ClientHello with it, and without padding
      'server:1231',
      'server:237',
      'client:184',
      'server:118',
      ...ESTABLISHED,
    ]);
  });
});
