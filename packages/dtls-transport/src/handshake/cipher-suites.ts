import type { AeadName, CryptoProvider, HashName, SignatureScheme } from '../crypto/provider.ts';
import { CIPHER_SUITES_13, type CipherSuiteName13 } from './cipher-suites-13.ts';

/** How the two sides come to a secret, and what shows the server who the client is and the client who the server is. */
export type KeyExchangeKind = 'ecdhe_ecdsa' | 'ecdhe_rsa' | 'ecdhe_psk' | 'psk';

/** A cipher suite of TLS 1.2 with an AEAD. */
export interface CipherSuite {
  readonly name: CipherSuiteName12;
  /** Its number at IANA. */
  readonly number: number;
  readonly keyExchange: KeyExchangeKind;
  readonly aead: AeadName;
  /** The hash of the PRF and of Finished messages (RFC 5246 5). */
  readonly hash: HashName;
}

/** The cipher suites of DTLS 1.3 and 1.2 by their names at IANA. */
export type CipherSuiteName = CipherSuiteName13 | CipherSuiteName12;

/** Those of DTLS 1.2. */
type CipherSuiteName12 =
  | 'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256'
  | 'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256'
  | 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'
  | 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'
  | 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'
  | 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'
  | 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'
  | 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'
  | 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM'
  | 'TLS_PSK_WITH_AES_128_GCM_SHA256'
  | 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'
  | 'TLS_PSK_WITH_AES_128_CCM_8';

/**
 * All that we speak, the best first. A shared key goes before certificates: a client offers it only to a server that it
 * shares one with. ChaCha20-Poly1305 goes before AES, because its records are 8 bytes shorter (RFC 7905 2). What has no
 * forward secrecy, and then what has a short tag, comes last.
 */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  // RFC 7905 2, RFC 8442 3
  suite('TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256', 0xccac, 'ecdhe_psk', 'chacha20-poly1305'),
  suite('TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256', 0xd001, 'ecdhe_psk', 'aes-128-gcm'),
  // RFC 7905 2, RFC 5289 3.2
  suite('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca9, 'ecdhe_ecdsa', 'chacha20-poly1305'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 0xc02b, 'ecdhe_ecdsa', 'aes-128-gcm'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 0xc02c, 'ecdhe_ecdsa', 'aes-256-gcm', 'sha384'),
  suite('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8, 'ecdhe_rsa', 'chacha20-poly1305'),
  suite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f, 'ecdhe_rsa', 'aes-128-gcm'),
  suite('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0xc030, 'ecdhe_rsa', 'aes-256-gcm', 'sha384'),
  // RFC 7251 2, RFC 5487 2
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 0xc0ac, 'ecdhe_ecdsa', 'aes-128-ccm'),
  suite('TLS_PSK_WITH_AES_128_GCM_SHA256', 0x00a8, 'psk', 'aes-128-gcm'),
  // RFC 7251 2, RFC 6655 4: what RFC 7252 9.1.3 wants of constrained devices
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 0xc0ae, 'ecdhe_ecdsa', 'aes-128-ccm-8'),
  suite('TLS_PSK_WITH_AES_128_CCM_8', 0xc0a8, 'psk', 'aes-128-ccm-8'),
];

/** The names of all suites of both versions, the best first. */
export const CIPHER_SUITE_NAMES: readonly CipherSuiteName[] = [...CIPHER_SUITES_13, ...CIPHER_SUITES].map(
  ({ name }) => name,
);

/** The schemes that sign the key exchange of a suite (RFC 8422 5.4 for Ed25519); none where a shared key does it. */
const SCHEMES: Readonly<Record<KeyExchangeKind, readonly SignatureScheme[]>> = {
  ecdhe_ecdsa: ['ecdsa_secp256r1_sha256', 'ed25519'],
  ecdhe_rsa: ['rsa_pss_rsae_sha256', 'rsa_pkcs1_sha256'],
  ecdhe_psk: [],
  psk: [],
};

/** The suites of our list that a provider can run. */
export function suitesOf({ aeads, signatureSchemes }: CryptoProvider): readonly CipherSuite[] {
  return CIPHER_SUITES.filter(
    (candidate) =>
      aeads.includes(candidate.aead) &&
      (!usesCertificate(candidate) || schemesFor(candidate, signatureSchemes).length > 0),
  );
}

/** Those of `schemes` that may sign the suite's key exchange, in their order. */
export function schemesFor(
  { keyExchange }: CipherSuite,
  schemes: readonly SignatureScheme[],
): readonly SignatureScheme[] {
  return schemes.filter((scheme) => SCHEMES[keyExchange].includes(scheme));
}

/** Both sides make ephemeral keys. */
export function usesEcdhe({ keyExchange }: CipherSuite): boolean {
  return keyExchange !== 'psk';
}

/** The server shows itself by a certificate. */
export function usesCertificate({ keyExchange }: CipherSuite): boolean {
  return keyExchange === 'ecdhe_ecdsa' || keyExchange === 'ecdhe_rsa';
}

/** Both sides show themselves by a key that they share. */
export function usesPsk({ keyExchange }: CipherSuite): boolean {
  return keyExchange === 'ecdhe_psk' || keyExchange === 'psk';
}

function suite(
  name: CipherSuiteName12,
  number: number,
  keyExchange: KeyExchangeKind,
  aead: AeadName,
  hash: HashName = 'sha256',
): CipherSuite {
  return { name, number, keyExchange, aead, hash };
}
