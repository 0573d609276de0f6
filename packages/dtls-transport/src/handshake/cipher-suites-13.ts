import type { AeadName, CryptoProvider, HashName } from '../crypto/provider.ts';

/** A cipher suite of TLS 1.3 (RFC 8446 B.4): the key exchange is negotiated beside it. */
export interface CipherSuite13 {
  readonly name: CipherSuiteName13;
  /** Its number at IANA. */
  readonly number: number;
  readonly aead: AeadName;
  /** The hash of the key schedule. */
  readonly hash: HashName;
}

/** The cipher suites of DTLS 1.3 by their names at IANA. */
export type CipherSuiteName13 = 'TLS_AES_128_GCM_SHA256' | 'TLS_AES_256_GCM_SHA384' | 'TLS_CHACHA20_POLY1305_SHA256';

/**
 * All that we speak, the best first; their records are equally long. CCM_8 must not be used without more safeguards
 * (RFC 9147 4.5.3).
 */
export const CIPHER_SUITES_13: readonly CipherSuite13[] = [
  { name: 'TLS_AES_128_GCM_SHA256', number: 0x1301, aead: 'aes-128-gcm', hash: 'sha256' },
  { name: 'TLS_CHACHA20_POLY1305_SHA256', number: 0x1303, aead: 'chacha20-poly1305', hash: 'sha256' },
  { name: 'TLS_AES_256_GCM_SHA384', number: 0x1302, aead: 'aes-256-gcm', hash: 'sha384' },
];

/** The suites of our list that a provider can run. */
export function suitesOf13({ aeads }: CryptoProvider): readonly CipherSuite13[] {
  return CIPHER_SUITES_13.filter(({ aead }) => aeads.includes(aead));
}
