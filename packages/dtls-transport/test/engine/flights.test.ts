import { describe, expect, test } from 'vitest';
import type { DtlsClientOptions } from '../../src/client.ts';
import type { CipherSuiteName } from '../../src/handshake/cipher-suites.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { deterministicCrypto } from '../support/deterministic-provider.ts';
import { SERVER, TestClient, TestListener } from '../support/endpoints.ts';
import { type FixtureName, fixtureIdentity } from '../support/fixture-identity.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

/** Keys and ECDSA signatures that are always the same. There is no RSA, so a ClientHello is 10 bytes shorter. */
const newCrypto = () => deterministicCrypto('flights');
const fixture = (name: FixtureName, { importSigningKey } = newCrypto()) => fixtureIdentity(name, importSigningKey);
const server = fixture('server');
const psk = { identity: new TextEncoder().encode('a client'), key: new Uint8Array(16).fill(7) };

/** A handshake, one echo of 10 bytes and a close: the datagrams, as `who:bytes`. */
function conversation(
  client: Partial<DtlsClientOptions>,
  listener: Partial<DtlsListenerOptions> = { identity: server },
): string[] {
  const network = new VirtualNetwork(0);
  const crypto = newCrypto();
  const { maxDatagram } = client;
  const { identity } = listener;
  new TestListener(network, { crypto, maxDatagram, ...listener }, client);
  const ours = new TestClient(network, 'client', { crypto, serverName: undefined, ...client }, identity);
  network.run(900, () => ours.connectedAt !== undefined);
  ours.send('0123456789');
  network.run(1_800, () => ours.received.length > 0);
  ours.engine.close();
  network.run(3_000);
  return network.sent.map(({ from, datagram }) => `${from === SERVER ? 'server' : 'client'}:${datagram.length}`);
}

/** What follows a handshake: the data and its echo, close_notify and its answer; `record` is what a record adds. */
function dataAndClose(record: number): string[] {
  return [`client:${10 + record}`, `server:${10 + record}`, `client:${2 + record}`, `server:${2 + record}`];
}

describe('bytes of each datagram, a certificate of 415 bytes and a signature of 72', () => {
  test('where everything fits', () => {
    expect(conversation({ serverName: 'localhost' })).toEqual([
      'client:127', // ClientHello: record 13, message 12, body 102
      'server:44', // HelloVerifyRequest: 13, 12, body 19
      'client:143', // ClientHello with the cookie of 16
      // One record: 13, ServerHello 12 + 55, Certificate 12 + 421, ServerKeyExchange 12 + 112, ServerHelloDone 12
      'server:649',
      'client:125', // ClientKeyExchange 13 + 12 + 33, ChangeCipherSpec 14, Finished 13 + 24 + 16
      'server:67', // ChangeCipherSpec 14, Finished 53
      ...dataAndClose(13 + 16),
    ]);
  });

  test('without SNI', () => {
    expect(conversation({}).slice(0, 3)).toEqual(['client:109', 'server:44', 'client:125']);
  });

  test('with RSA on offer too, as node:crypto has it: two more schemes and three more suites', () => {
    const real = { crypto: nodeCrypto, identity: fixture('server', nodeCrypto) };
    const hellos = conversation({ crypto: nodeCrypto, serverName: 'localhost' }, real).slice(0, 3);
    expect(hellos).toEqual(['client:137', 'server:44', 'client:153']);
  });

  test('at an MTU of 228', () => {
    expect(conversation({ maxDatagram: 200, serverName: 'localhost' })).toEqual([
      'client:127',
      'server:44',
      'client:143',
      'server:200', // ServerHello and the first 108 bytes of Certificate in one record
      'server:200', // 175 bytes of Certificate
      'server:163', // its last 138; the room behind it is too small for a fragment
      'server:149', // ServerKeyExchange and ServerHelloDone in one record
      'client:125',
      'server:67',
      ...dataAndClose(13 + 16),
    ]);
  });

  test('a ClientHello in fragments, whose cookie is half as long', () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example`;
    expect(conversation({ maxDatagram: 200, serverName: name }).slice(0, 6)).toEqual([
      'client:200',
      'client:133',
      'server:36',
      'client:200',
      'client:141',
      'server:200',
    ]);
  });
});

describe('bytes of each datagram, by suite', () => {
  /** What a record adds: header, explicit nonce, tag. */
  const GCM = 13 + 8 + 16;
  const CHACHA = 13 + 16;
  const CCM_8 = 13 + 8 + 8;
  const certificates: readonly (readonly [CipherSuiteName, number])[] = [
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', CHACHA],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', GCM],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', GCM],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM', GCM],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', CCM_8],
  ];

  test.each(certificates)('%s', (suite, record) => {
    expect(conversation({ cipherSuites: [suite] })).toEqual([
      'client:101', // one suite in place of five
      'server:44',
      'client:117',
      'server:649',
      `client:${58 + 14 + 24 + record}`, // ClientKeyExchange, ChangeCipherSpec, Finished
      `server:${14 + 24 + record}`,
      ...dataAndClose(record),
    ]);
  });

  const sharedKeys: readonly (readonly [CipherSuiteName, number])[] = [
    ['TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', CHACHA],
    ['TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', GCM],
  ];

  test.each(sharedKeys)('%s', (suite, record) => {
    expect(conversation({ cipherSuites: [suite], psk }, { psk: true })).toEqual([
      'client:91', // no signature algorithms
      'server:44',
      'client:107',
      'server:142', // 13, ServerHello 12 + 55, ServerKeyExchange 12 + 2 + 36, ServerHelloDone 12
      `client:${58 + 10 + 14 + 24 + record}`, // ClientKeyExchange with an identity of 8 bytes
      `server:${14 + 24 + record}`,
      ...dataAndClose(record),
    ]);
  });

  const sharedKeysAlone: readonly (readonly [CipherSuiteName, number])[] = [
    ['TLS_PSK_WITH_AES_128_GCM_SHA256', GCM],
    ['TLS_PSK_WITH_AES_128_CCM_8', CCM_8],
  ];

  test.each(sharedKeysAlone)('%s', (suite, record) => {
    expect(conversation({ cipherSuites: [suite], psk }, { psk: true })).toEqual([
      'client:75', // no groups either
      'server:44',
      'client:91',
      'server:86', // 13, ServerHello 12 + 49, ServerHelloDone 12
      `client:${13 + 12 + 10 + 14 + 24 + record}`,
      `server:${14 + 24 + record}`,
      ...dataAndClose(record),
    ]);
  });
});

describe('bytes of each datagram, by certificate', () => {
  test('Ed25519: a certificate of 351 bytes and a signature of 64', () => {
    const flights = conversation({}, { identity: fixture('ed25519') });
    expect(flights.slice(2, 5)).toEqual(['client:125', `server:${649 - (415 - 351) - (72 - 64)}`, 'client:125']);
  });

  test('RSA of 2048 bits: a certificate of 811 bytes and a signature of 256', () => {
    const identity = fixture('rsa', nodeCrypto);
    const flights = conversation({ crypto: nodeCrypto }, { crypto: nodeCrypto, identity });
    expect(flights.slice(2, 5)).toEqual(['client:135', `server:${649 + (811 - 415) + (256 - 72)}`, 'client:125']);
  });

  test('of the client too: 401 bytes and a signature of 71', () => {
    const flights = conversation({ identity: fixture('client') }, { identity: server, clientCertificate: 'require' });
    expect(flights.slice(3, 6)).toEqual([
      'server:671', // and CertificateRequest 12 + 10
      'client:631', // and Certificate 12 + 407, CertificateVerify 12 + 75; the three share a record
      'server:67',
    ]);
  });

  test('of the client, which has none: an empty list', () => {
    const flights = conversation({}, { identity: server, clientCertificate: 'request' });
    expect(flights.slice(3, 6)).toEqual(['server:671', `client:${125 + 12 + 3}`, 'server:67']);
  });

  test('with a record size limit: 6 bytes in each hello', () => {
    const flights = conversation({ recordSizeLimit: 512 }, { identity: server });
    expect(flights.slice(0, 4)).toEqual(['client:115', 'server:44', 'client:131', 'server:655']);
  });
});
