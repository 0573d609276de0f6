import type { KeyKind } from '../certificate.ts';
import type { DtlsSetup, Suite } from './peer.ts';
import type { Scenario } from './scenarios.ts';

const version = '1.3';
const noKind = { dimpl: 'it knows no certificates of this kind' };
export const PSK: NonNullable<DtlsSetup['psk']> = { identity: 'dev1', hexKey: '000102030405060708090a0b0c0d0e0f' };
/** Why rows with a shared key do not run, by peer. */
export const NO_SHARED_KEYS: Readonly<Record<string, string>> = { dimpl: 'it has shared keys in DTLS 1.2 alone' };
const noRawKeys = { dimpl: 'it knows no raw public keys' };

const withSuite = (suite: Suite): Scenario => ({
  feature: `TLS_${suite}`,
  setup: { version, suite },
  certificate: 'p256',
});

const withGroup = (feature: string, group: DtlsSetup['group']): Scenario => ({
  feature,
  setup: { version, group },
  certificate: 'p256',
});

const withClientCertificate = (clientCertificate: KeyKind, feature: string): Scenario => ({
  feature: `client certificate, ${feature}`,
  setup: { version },
  certificate: 'p256',
  clientCertificate,
});

/** The rows of DTLS 1.3 that are one handshake, some words and a farewell. */
export const SCENARIOS_13: readonly Scenario[] = [
  { feature: 'its defaults', setup: { version }, certificate: 'p256' },
  withSuite('AES_128_GCM'),
  withSuite('AES_256_GCM'),
  withSuite('CHACHA20_POLY1305'),
  withGroup('X25519 alone', 'x25519'),
  withGroup('P-256 alone', 'secp256r1'),
  { feature: 'Ed25519 certificate', setup: { version }, certificate: 'ed25519', notWith: noKind },
  { feature: 'RSA certificate (RSA-PSS)', setup: { version }, certificate: 'rsa', notWith: noKind },
  withClientCertificate('p256', 'P-256'),
  { ...withClientCertificate('ed25519', 'Ed25519'), notWith: noKind },
  { ...withClientCertificate('rsa', 'RSA'), notWith: noKind },
  { feature: 'raw public key, P-256', setup: { version, rawKey: true }, certificate: 'p256', notWith: noRawKeys },
  {
    feature: 'raw public key, Ed25519',
    setup: { version, rawKey: true },
    certificate: 'ed25519',
    notWith: noRawKeys,
    notWhereWeConnect: {
      wolfSSL:
        'its server cannot sign with an Ed25519 key that has no certificate, whichever client asks, its own included',
    },
  },
  {
    feature: 'raw public key of the client, P-256',
    setup: { version, clientRawKey: true },
    certificate: 'p256',
    clientCertificate: 'p256',
    notWith: noRawKeys,
  },
  { feature: 'shared key (psk_dhe_ke)', setup: { version, psk: PSK }, notWith: NO_SHARED_KEYS },
  { feature: 'shared key, P-256 alone', setup: { version, psk: PSK, group: 'secp256r1' }, notWith: NO_SHARED_KEYS },
  { feature: 'shared key alone (psk_ke)', setup: { version, psk: PSK, pskAlone: true }, notWith: NO_SHARED_KEYS },
  { feature: 'packets of 300 bytes at both ends', setup: { version, mtu: 300 }, certificate: 'p256', mtu: 300 },
];
