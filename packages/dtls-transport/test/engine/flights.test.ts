import { describe, expect, test } from 'vitest';
import { deterministicCrypto } from '../support/deterministic-provider.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

/** A handshake, one echo and a close between deterministic endpoints: the datagrams, as `who:bytes`. */
function conversation(maxDatagram: number, serverName: string | undefined): string[] {
  const network = new VirtualNetwork(0);
  const crypto = deterministicCrypto('flights');
  const identity = fixtureIdentity(crypto);
  new TestListener(network, { crypto, identity, maxDatagram });
  const client = new TestClient(network, 'client', { crypto, serverName, maxDatagram }, identity);
  network.run(900, () => client.connectedAt !== undefined);
  client.send('0123456789');
  network.run(1_800, () => client.received.length > 0);
  client.engine.close();
  network.run(3_000);
  return network.sent.map(({ from, datagram }) => `${from === SERVER ? 'server' : 'client'}:${datagram.length}`);
}

const DATA_AND_CLOSE = [
  'client:39', // 10 bytes of data, and 29 of record
  'server:39',
  'client:31', // close_notify
  'server:31',
];

describe('bytes of each datagram, a certificate of 415 bytes and a signature of 72', () => {
  test('where everything fits', () => {
    expect(conversation(1_232, 'localhost')).toEqual([
      'client:127', // ClientHello: record 13, message 12, body 102
      'server:44', // HelloVerifyRequest: 13, 12, body 19
      'client:143', // ClientHello with the cookie of 16
      // One record: 13, ServerHello 12 + 55, Certificate 12 + 421, ServerKeyExchange 12 + 112, ServerHelloDone 12
      'server:649',
      'client:125', // ClientKeyExchange 13 + 12 + 33, ChangeCipherSpec 14, Finished 13 + 24 + 16
      'server:67', // ChangeCipherSpec 14, Finished 53
      ...DATA_AND_CLOSE,
    ]);
  });

  test('without SNI', () => {
    expect(conversation(1_232, undefined).slice(0, 3)).toEqual(['client:109', 'server:44', 'client:125']);
  });

  test('at an MTU of 228', () => {
    expect(conversation(200, 'localhost')).toEqual([
      'client:127',
      'server:44',
      'client:143',
      'server:200', // ServerHello and the first 108 bytes of Certificate in one record
      'server:200', // 175 bytes of Certificate
      'server:163', // its last 138; the room behind it is too small for a fragment
      'server:149', // ServerKeyExchange and ServerHelloDone in one record
      'client:125',
      'server:67',
      ...DATA_AND_CLOSE,
    ]);
  });

  test('a ClientHello in fragments, whose cookie is half as long', () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example`;
    expect(conversation(200, name).slice(0, 6)).toEqual([
      'client:200',
      'client:133',
      'server:36',
      'client:200',
      'client:141',
      'server:200',
    ]);
  });
});
