import { hkdfExtract } from '../crypto/hkdf.ts';
import { hkdfExpandLabel } from '../crypto/hkdf-label.ts';
import type { CryptoProvider, HashName } from '../crypto/provider.ts';

const HASH_LENGTH: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48 };
const NOTHING = new Uint8Array(0);

/** A secret of each side (RFC 8446 7.1). */
export interface TrafficSecrets {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** The secrets of a handshake once the key exchange is done. */
export interface HandshakeSecrets {
  readonly handshake: TrafficSecrets;
  /** Those of application data; `transcriptHash` is that of ClientHello to the server's Finished. */
  application(transcriptHash: Uint8Array): TrafficSecrets;
}

/** What the secrets of a handshake are made of: at least one is there. */
export interface KeyInputs {
  readonly psk?: Uint8Array | undefined;
  /** The secret of the key agreement. */
  readonly shared?: Uint8Array | undefined;
}

type Crypto = Pick<CryptoProvider, 'hmac' | 'hash'>;

/** What is the same in all handshakes, by provider and name. */
const constants = new WeakMap<Crypto, Map<string, Uint8Array>>();

function constant(crypto: Crypto, name: string, compute: () => Uint8Array): Uint8Array {
  const known = constants.get(crypto) ?? new Map<string, Uint8Array>();
  constants.set(crypto, known);
  const value = known.get(name) ?? compute();
  known.set(name, value);
  return value;
}

function hashOfNothing(crypto: Crypto, hash: HashName): Uint8Array {
  return constant(crypto, hash, () => crypto.hash(hash, NOTHING));
}

/**
 * The key schedule of RFC 8446 7.1: what is missing counts as zeros. `transcriptHash` is that of ClientHello to ServerHello. The
 * labels' prefix is that of DTLS (RFC 9147 5.9) unless a test wants another.
 */
export function handshakeSecrets(
  crypto: Crypto,
  hash: HashName,
  { psk, shared }: KeyInputs,
  transcriptHash: Uint8Array,
  prefix?: string,
): HandshakeSecrets {
  const length = HASH_LENGTH[hash];
  const zeros = new Uint8Array(length);
  const derive = (secret: Uint8Array, label: string, context: Uint8Array) =>
    hkdfExpandLabel(crypto, hash, secret, label, length, context, prefix);
  const derived = (secret: Uint8Array) => derive(secret, 'derived', hashOfNothing(crypto, hash));
  const early = (key: Uint8Array) => derived(hkdfExtract(crypto, hash, NOTHING, key));
  const salt = psk === undefined ? constant(crypto, `${hash} ${prefix}`, () => early(zeros)) : early(psk);
  const handshake = hkdfExtract(crypto, hash, salt, shared ?? zeros);
  const master = hkdfExtract(crypto, hash, derived(handshake), zeros);
  const pair = (secret: Uint8Array, name: string, context: Uint8Array): TrafficSecrets => ({
    client: derive(secret, `c ${name} traffic`, context),
    server: derive(secret, `s ${name} traffic`, context),
  });
  return {
    handshake: pair(handshake, 'hs', transcriptHash),
    application: (throughFinished) => pair(master, 'ap', throughFinished),
  };
}

/** RFC 8446 7.1: what the binder of a key from outside is made with. */
export function binderKey(crypto: Crypto, hash: HashName, psk: Uint8Array, prefix?: string): Uint8Array {
  const early = hkdfExtract(crypto, hash, NOTHING, psk);
  return hkdfExpandLabel(crypto, hash, early, 'ext binder', HASH_LENGTH[hash], hashOfNothing(crypto, hash), prefix);
}

/** The secret after this one (RFC 8446 7.2). */
export function nextTrafficSecret(
  crypto: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  secret: Uint8Array,
): Uint8Array {
  return hkdfExpandLabel(crypto, hash, secret, 'traffic upd', HASH_LENGTH[hash]);
}

/** The verify_data of a Finished message (RFC 8446 4.4.4); `secret` is the handshake traffic secret of its sender. */
export function verifyData13(
  crypto: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  secret: Uint8Array,
  transcriptHash: Uint8Array,
  prefix?: string,
): Uint8Array {
  const key = hkdfExpandLabel(crypto, hash, secret, 'finished', HASH_LENGTH[hash], NOTHING, prefix);
  return crypto.hmac(hash, key, transcriptHash);
}

/** Lines of the NSS key log format, which Wireshark reads, for the secrets of `epoch`. */
export function keyLogLines13(
  epoch: 'HANDSHAKE_TRAFFIC_SECRET' | 'TRAFFIC_SECRET_0',
  clientRandom: Uint8Array,
  { client, server }: TrafficSecrets,
): readonly string[] {
  const line = (side: string, secret: Uint8Array) => `${side}_${epoch} ${hex(clientRandom)} ${hex(secret)}`;
  return [line('CLIENT', client), line('SERVER', server)];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
