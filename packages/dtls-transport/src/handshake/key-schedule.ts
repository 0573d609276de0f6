import type { CryptoProvider } from '../crypto/provider.ts';
import { gcmProtection, type RecordProtection } from '../record/record-protection.ts';
import { concatBytes } from '../wire/bytes.ts';

const text = new TextEncoder();

const KEY_LENGTH = 16;
const SALT_LENGTH = 4;
const VERIFY_DATA_LENGTH = 12;

/** PRF with P_SHA256 (RFC 5246 5). */
export function prf(
  crypto: CryptoProvider,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = concatBytes([text.encode(label), seed]);
  const out = new Uint8Array(length);
  let a = labelled;
  for (let at = 0; at < length; at += 32) {
    a = crypto.hmac('sha256', secret, a);
    const block = crypto.hmac('sha256', secret, concatBytes([a, labelled]));
    out.set(block.subarray(0, length - at), at);
  }
  return out;
}

/** RFC 7627 4: bound to the whole handshake up to and including the ClientKeyExchange. */
export function extendedMasterSecret(
  crypto: CryptoProvider,
  preMasterSecret: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array {
  return prf(crypto, preMasterSecret, 'extended master secret', sessionHash, 48);
}

/** Protection of both directions. */
export interface TrafficKeys {
  readonly client: RecordProtection;
  readonly server: RecordProtection;
}

/** RFC 5246 6.3 for an AEAD suite: no MAC keys, and the implicit part of the nonce as IV. */
export function trafficKeys(
  crypto: CryptoProvider,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): TrafficKeys {
  const seed = concatBytes([serverRandom, clientRandom]);
  const block = prf(crypto, masterSecret, 'key expansion', seed, 2 * (KEY_LENGTH + SALT_LENGTH));
  const salts = 2 * KEY_LENGTH;
  const protection = (key: number, salt: number) =>
    gcmProtection(
      crypto.aead('aes-128-gcm', block.slice(key, key + KEY_LENGTH)),
      block.slice(salt, salt + SALT_LENGTH),
    );
  return { client: protection(0, salts), server: protection(KEY_LENGTH, salts + SALT_LENGTH) };
}

/** The verify_data of a Finished message (RFC 5246 7.4.9). */
export function verifyData(
  crypto: CryptoProvider,
  masterSecret: Uint8Array,
  sender: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return prf(crypto, masterSecret, `${sender} finished`, transcriptHash, VERIFY_DATA_LENGTH);
}

/** A line of the NSS key log format, which Wireshark reads. */
export function keyLogLine(clientRandom: Uint8Array, masterSecret: Uint8Array): string {
  return `CLIENT_RANDOM ${hex(clientRandom)} ${hex(masterSecret)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
