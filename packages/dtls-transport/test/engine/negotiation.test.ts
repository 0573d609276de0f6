import { describe, expect, test } from 'vitest';
import { DtlsClient, type DtlsClientOptions } from '../../src/client.ts';
import { CIPHER_SUITES, type CipherSuite, usesCertificate } from '../../src/handshake/cipher-suites.ts';
import { DtlsListener } from '../../src/listener/listener.ts';
import type { DtlsListenerOptions } from '../../src/listener/listener-options.ts';
import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { nodeCrypto } from '../../src/node/crypto-provider.ts';
import { ALERT } from '../../src/wire/alert.ts';
import { readClientHello, writeClientHello } from '../../src/wire/client-hello.ts';
import { EXTENSION } from '../../src/wire/extensions.ts';
import { TestClient, TestListener } from '../support/endpoints.ts';
import { fixtureIdentity } from '../support/fixture-identity.ts';
import { patched, rewriteBody } from '../support/rewrite.ts';
import { VirtualNetwork } from '../support/virtual-network.ts';

const [ecdsa, rsa, ed25519] = (['server', 'rsa', 'ed25519'] as const).map((name) =>
  fixtureIdentity(name, nodeCrypto.importSigningKey),
);
const psk = { identity: new TextEncoder().encode('a client'), key: new Uint8Array(16).fill(7) };

/** What each side needs for a suite. */
function keysFor(suite: CipherSuite): { client: Partial<DtlsClientOptions>; listener: Partial<DtlsListenerOptions> } {
  if (!usesCertificate(suite)) return { client: { psk }, listener: { identity: undefined, psk: true } };
  return { client: {}, listener: { identity: suite.keyExchange === 'ecdhe_rsa' ? rsa : ecdsa } };
}

function shakeHands(
  client: Partial<DtlsClientOptions>,
  listener: Partial<DtlsListenerOptions>,
  rewrite?: (datagram: Uint8Array) => Uint8Array,
) {
  const network = new VirtualNetwork(1);
  const theirs = new TestListener(network, listener, client);
  const ours = new TestClient(network, 'client', client, listener.identity);
  if (rewrite !== undefined) network.rewrite = ({ datagram }) => rewrite(datagram);
  network.run(5_000, () => ours.connectedAt !== undefined);
  const [connected] = theirs.of('connected');
  return { network, client: ours, listener: theirs, suite: connected?.cipherSuite };
}

describe.each(CIPHER_SUITES.map((suite) => [suite.name, suite] as const))('%s', (name, suite) => {
  const { client, listener } = keysFor(suite);

  test('both sides agree on it, and data passes', () => {
    const both = shakeHands({ ...client, cipherSuites: [name] }, listener);
    both.client.send('hello');
    both.network.run(10_000, () => both.client.received.length > 0);
    expect(both.client.received).toEqual(['hello']);
    expect(both.suite).toBe(name);
  });

  if (suite.keyExchange === 'ecdhe_rsa') return; // noble has no RSA
  test('node:crypto and noble agree on it, both ways', () => {
    for (const [ours, theirs] of [
      [nodeCrypto, nobleCrypto],
      [nobleCrypto, nodeCrypto],
    ] as const) {
      const cipherSuites = [name];
      expect(shakeHands({ ...client, crypto: ours, cipherSuites }, { ...listener, crypto: theirs }).suite).toBe(name);
    }
  });
});

describe('the server chooses', () => {
  test('ChaCha20-Poly1305 where nobody says otherwise: its records are the shortest', () => {
    expect(shakeHands({}, { identity: ecdsa }).suite).toBe('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256');
    expect(shakeHands({}, { identity: rsa }).suite).toBe('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256');
    expect(shakeHands({}, { identity: ed25519 }).suite).toBe('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256');
    expect(shakeHands({ psk }, { psk: true }).suite).toBe('TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256');
  });

  test('by its own order, whatever the order of the client', () => {
    const [first, second] = [
      'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
      'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    ] as const;
    const client = { cipherSuites: [second, first] };
    expect(shakeHands(client, { identity: ecdsa, cipherSuites: [first, second] }).suite).toBe(first);
    expect(shakeHands(client, { identity: ecdsa, cipherSuites: [second, first] }).suite).toBe(second);
  });

  test('a suite of those that it has a key for, among all that the client offers', () => {
    expect(shakeHands({}, { identity: rsa, psk: true }).suite).toBe('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256');
    expect(shakeHands({ psk }, { identity: rsa, psk: true }).suite).toBe('TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256');
  });

  test('the scheme that the client takes: PKCS#1 where PSS is not offered', () => {
    const offersPkcs1 = rewriteBody('clientHello', (body) => {
      const hello = readClientHello(body);
      const extensions = new Map(hello.extensions).set(EXTENSION.signatureAlgorithms, Uint8Array.of(0, 2, 4, 1));
      return writeClientHello({ ...hello, extensions });
    });
    const { network } = shakeHands({}, { identity: rsa }, offersPkcs1);
    const flight = network.sent.find(({ datagram }) => datagram.length > 900)!.datagram;
    const keyExchange = flight.length - 12 - 256 - 4; // before ServerHelloDone: scheme, length, signature
    expect([...flight.subarray(keyExchange, keyExchange + 4)]).toEqual([4, 1, 1, 0]);
  });
});

describe('nothing in common ends in handshake_failure', () => {
  const failure = { code: 'ERR_DTLS_ALERT', alert: ALERT.handshake_failure };

  test.each<[string, Partial<DtlsClientOptions>, Partial<DtlsListenerOptions>]>([
    ['suites', { cipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM'] }, { identity: rsa }],
    ['a shared key for a server with a certificate alone', { psk }, { identity: ecdsa }],
    ['a certificate from a server with shared keys alone', {}, { identity: undefined, psk: true }],
    ['RSA for a client that knows none', { crypto: nobleCrypto }, { identity: rsa }],
    ['groups', { groups: ['x25519'] }, { identity: ecdsa, groups: ['secp256r1'] }],
  ])('%s', (_name, client, listener) => {
    const both = shakeHands(client, listener);
    expect(both.client.closed?.error).toMatchObject(failure);
    expect(both.listener.engine.stats()).toMatchObject({ peers: 0, handshakes: 0, handshakesFailed: 1 });
  });
});

test('a scheme for other keys than the suite has is refused, though it was offered', () => {
  const otherScheme = rewriteBody('serverKeyExchange', (body) => patched(body, 36, 0x08, 0x04)); // rsa_pss_rsae_sha256
  const { client } = shakeHands({}, { identity: ecdsa }, otherScheme);
  expect(client.closed?.error).toMatchObject({ reason: 'no-common-signature-scheme' });
});

describe('options that cannot be', () => {
  const base = { crypto: nodeCrypto, randomBytes: (length: number) => new Uint8Array(length), path: 'server' };
  const refusal = expect.objectContaining({ code: 'ERR_DTLS_REFUSED', reason: 'bad-option' });
  const suite = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';

  test.each<[string, object]>([
    ['a suite that nobody knows', { cipherSuites: ['TLS_NULL_WITH_NULL_NULL'] }],
    ['no suite', { cipherSuites: [] }],
    ['a shared key, and only suites with certificates', { psk, cipherSuites: [suite] }],
    ['only suites with a shared key, and none', { cipherSuites: ['TLS_PSK_WITH_AES_128_CCM_8'] }],
    ['RSA alone, with a provider that has none', { crypto: nobleCrypto, cipherSuites: [CIPHER_SUITES[5]!.name] }],
    ['an empty shared key', { psk: { ...psk, key: new Uint8Array(0) } }],
    ['a shared key of 257 bytes', { psk: { ...psk, key: new Uint8Array(257) } }],
    ['an identity of 129 bytes', { psk: { ...psk, identity: new Uint8Array(129) } }],
    ['an identity without a certificate', { identity: { ...ecdsa, chain: [] } }],
    ['a record size limit of 63', { recordSizeLimit: 63 }],
    ['a record size limit of 16,385', { recordSizeLimit: 16_385 }],
  ])('a client with %s', (_name, options) => {
    expect(() => new DtlsClient({ ...base, ...options }, 0)).toThrow(refusal);
  });

  test.each<[string, object]>([
    ['neither certificate nor shared keys', {}],
    ['an RSA key, and only suites for others', { identity: rsa, cipherSuites: [suite] }],
    ['a record size limit of 63', { identity: ecdsa, recordSizeLimit: 63 }],
  ])('a listener with %s', (_name, options) => {
    expect(() => new DtlsListener({ ...base, ...options })).toThrow(refusal);
  });
});
