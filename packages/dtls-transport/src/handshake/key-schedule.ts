import { AEAD_PARAMETERS } from '../crypto/aead-parameters.ts';
import type { CryptoProvider, HashName } from '../crypto/provider.ts';
import { ivLength, type RecordProtection, recordProtection } from '../record/record-protection.ts';
import { concatBytes } from '../wire/bytes.ts';
import type { CipherSuite } from './cipher-suites.ts';

const text = new TextEncoder();

const VERIFY_DATA_LENGTH = 12;

/** The PRF of TLS 1.2 with P_hash (RFC 5246 5). */
export function prf(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = concatBytes([text.encode(label), seed]);
  const out = new Uint8Array(length);
  let a = labelled;
  for (let at = 0; at < length; at += a.length) {
    a = crypto.hmac(hash, secret, a);
    const block = crypto.hmac(hash, secret, concatBytes([a, labelled]));
    out.set(block.subarray(0, length - at), at);
  }
  return out;
}

/** RFC 7627 4: bound to the whole handshake up to and including the ClientKeyExchange. */
export function extendedMasterSecret(
  crypto: CryptoProvider,
  hash: HashName,
  premasterSecret: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array {
  return prf(crypto, hash, premasterSecret, 'extended master secret', sessionHash, 48);
}

/** Protection of both directions. */
export interface TrafficKeys {
  readonly client: RecordProtection;
  readonly server: RecordProtection;
}

/** RFC 5246 6.3 for an AEAD suite: no MAC keys, and the part of the nonce that does not travel as IV. */
export function trafficKeys(
  crypto: CryptoProvider,
  { aead, hash }: CipherSuite,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): TrafficKeys {
  const { keyLength } = AEAD_PARAMETERS[aead];
  const fixedLength = ivLength(aead);
  const seed = concatBytes([serverRandom, clientRandom]);
  const block = prf(crypto, hash, masterSecret, 'key expansion', seed, 2 * (keyLength + fixedLength));
  const ivs = 2 * keyLength;
  const protection = (key: number, iv: number) =>
    recordProtection(aead, crypto.aead(aead, block.slice(key, key + keyLength)), block.slice(iv, iv + fixedLength));
  return { client: protection(0, ivs), server: protection(keyLength, ivs + fixedLength) };
}

/** The verify_data of a Finished message (RFC 5246 7.4.9). */
export function verifyData(
  crypto: CryptoProvider,
  hash: HashName,
  masterSecret: Uint8Array,
  sender: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return prf(crypto, hash, masterSecret, `${sender} finished`, transcriptHash, VERIFY_DATA_LENGTH);
}

/** A line of the NSS key log format, which Wireshark reads. */
export function keyLogLine(clientRandom: Uint8Array, masterSecret: Uint8Array): string {
  return `CLIENT_RANDOM ${hex(clientRandom)} ${hex(masterSecret)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
