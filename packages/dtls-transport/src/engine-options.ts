import type { ConnectionConfig } from './connection/connection-config.ts';
import { MAX_ID_LENGTH } from './connection/connection-ids.ts';
import type { CryptoProvider, GroupName } from './crypto/provider.ts';
import type { Drops } from './drops.ts';
import { DtlsRefusedError } from './errors.ts';
import { type CertificateCompression, CertificatePacker } from './handshake/certificate-packer.ts';
import { type CipherSuiteName, suitesOf } from './handshake/cipher-suites.ts';
import { type CipherSuite13, suitesOf13 } from './handshake/cipher-suites-13.ts';
import type { RandomBytes } from './handshake/handshake.ts';
import type { PskMode } from './handshake/psk-mode.ts';
import { MIN_RECORD_SIZE_LIMIT } from './handshake/record-size-limit.ts';
import { MAX_PLAINTEXT } from './wire/record.ts';

/** A version that can be asked for. */
export type DtlsVersionNumber = '1.3' | '1.2';

/** The common options, checked and with their defaults. */
export interface EngineConfig extends ConnectionConfig {
  readonly cipherSuites13: readonly CipherSuite13[];
  readonly pskModes: readonly PskMode[];
  readonly packer: CertificatePacker | undefined;
}

/** Connection ids (RFC 9146, RFC 9147 9): with them an association goes on when the client's address changes. */
export interface ConnectionIdOptions {
  /** Bytes of the ids that the peer is to send us: 4 to 20, all random; or 0 for none, and then we only send the peer's. */
  readonly length: number;
  /**
   * Take part in return routability checks (RFC 9853), if the peer does. Without them a peer that has moved gets three times what
   * it sends, for as long as it stays there. Each side says it in 4 bytes of its hello. Default true.
   */
  readonly returnRoutability?: boolean | undefined;
}

/** What every engine needs and may be told. */
export interface EngineOptions {
  readonly crypto: CryptoProvider;
  /** Unpredictable bytes; keys come from `crypto`. */
  readonly randomBytes: RandomBytes;
  /** The versions of DTLS to speak, the best first. Default `['1.3', '1.2']`. */
  readonly versions?: readonly DtlsVersionNumber[] | undefined;
  /** The largest datagram to send, in bytes of UDP payload (64 to 65,507). Default 1232: what IPv6 carries everywhere. */
  readonly maxDatagram?: number | undefined;
  /** Milliseconds until a handshake is given up. Default 60,000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Milliseconds until a flight of the handshake is sent again that nothing has answered, from 50 on; each further time it is twice as
   * long. Once a round trip has been measured, 1.5 times that counts (RFC 9147 5.8.2), and at least 100. Default 1,000.
   */
  readonly retransmissionTimeout?: number | undefined;
  /** Bytes of handshake messages that are kept while parts of them are missing. Default 65,536 in a client, 16,384 in a listener. */
  readonly maxReassemblyBytes?: number | undefined;
  /** Groups of key agreement, the best first. Default X25519, then P-256. */
  readonly groups?: readonly GroupName[] | undefined;
  /**
   * Cipher suites, the best first. Default: all that `crypto` can run, in the order of `CIPHER_SUITE_NAMES`. Of these, those
   * are used that the engine has a certificate's key or a shared key for.
   */
  readonly cipherSuites?: readonly CipherSuiteName[] | undefined;
  /**
   * How a shared key makes keys in DTLS 1.3 (RFC 8446 4.2.9), the best first. Default `['psk_dhe_ke']`: with ECDHE beside it.
   * `psk_ke` does without, which saves 90 bytes and the time for ECDHE, but then there is no forward secrecy: whoever learns the key
   * can read all that was ever recorded.
   */
  readonly pskModes?: readonly PskMode[] | undefined;
  /**
   * The most plaintext that we take in one record, in bytes (64 to 16,384), as the peer is told by record_size_limit
   * (RFC 8449); a server can tell only clients that ask. Default: no limit, and a client does not ask, which saves 6 bytes.
   */
  readonly recordSizeLimit?: number | undefined;
  /**
   * Packs certificates in DTLS 1.3 where the peer can unpack them, and tells it that we can (RFC 8879). Default: neither. A client asks
   * for it where it expects a certificate, in 7 bytes.
   */
  readonly certificateCompression?: CertificateCompression | undefined;
  /** Connection ids, when the peer uses them too. Default: they are not used. */
  readonly connectionId?: ConnectionIdOptions | undefined;
  /**
   * Called with each line of an NSS key log (`CLIENT_RANDOM …`, `CLIENT_TRAFFIC_SECRET_0 …`), which lets others decrypt the session.
   * With it record numbers of DTLS 1.3 have 16 bits in all that we send, a byte more: Wireshark decrypts no others.
   */
  readonly keyLog?: ((line: string) => void) | undefined;
}

/** A datagram that has been written to the caller's buffer: its first `length` bytes go to `path`. */
export interface Transmit {
  readonly length: number;
  readonly path: string;
}

const DEFAULT_MAX_DATAGRAM = 1_232;
const DEFAULT_HANDSHAKE_TIMEOUT = 60_000;
/** RFC 6347 4.2.4.1, RFC 9147 5.8.2 */
const DEFAULT_RETRANSMISSION_TIMEOUT = 1_000;
const MIN_RETRANSMISSION_TIMEOUT = 50;
const DEFAULT_VERSIONS: readonly DtlsVersionNumber[] = ['1.3', '1.2'];
const DEFAULT_PSK_MODES: readonly PskMode[] = ['psk_dhe_ke'];
const DEFAULT_GROUPS: readonly GroupName[] = ['x25519', 'secp256r1'];

/** A Finished message takes 61 bytes and does not gain from being cut; a UDP payload has 65,507 at most. */
const DATAGRAM_BOUNDS = [64, 65_507] as const;

/** `value` when it is a whole number in the bounds. Throws `DtlsRefusedError` (`bad-option`). */
export function wholeNumber(
  name: string,
  value: number,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  throw new DtlsRefusedError(
    'bad-option',
    `${name} must be a whole number from ${minimum} to ${maximum}, not ${value}`,
  );
}

/** The common options with their defaults. Throws `DtlsRefusedError` (`bad-option`). */
export function connectionConfig(options: EngineOptions, defaultReassemblyBytes: number, drops: Drops): EngineConfig {
  const { maxDatagram = DEFAULT_MAX_DATAGRAM, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT } = options;
  const { maxReassemblyBytes = defaultReassemblyBytes, groups = DEFAULT_GROUPS, recordSizeLimit } = options;
  const { pskModes = DEFAULT_PSK_MODES } = options;
  if (groups.length === 0) refuse('groups must name at least one group');
  if (pskModes.length === 0) refuse('pskModes must name at least one mode');
  return {
    crypto: options.crypto,
    randomBytes: options.randomBytes,
    groups,
    pskModes,
    ...chosenSuites(options),
    recordSizeLimit:
      recordSizeLimit === undefined
        ? undefined
        : wholeNumber('recordSizeLimit', recordSizeLimit, MIN_RECORD_SIZE_LIMIT, MAX_PLAINTEXT),
    maxDatagram: wholeNumber('maxDatagram', maxDatagram, ...DATAGRAM_BOUNDS),
    handshakeTimeout: wholeNumber('handshakeTimeout', handshakeTimeout, 1),
    retransmissionTimeout: wholeNumber(
      'retransmissionTimeout',
      options.retransmissionTimeout ?? DEFAULT_RETRANSMISSION_TIMEOUT,
      MIN_RETRANSMISSION_TIMEOUT,
    ),
    maxReassemblyBytes: wholeNumber('maxReassemblyBytes', maxReassemblyBytes, 1_024),
    connectionId: connectionIdConfig(options),
    packer: options.certificateCompression && new CertificatePacker(options.certificateCompression, maxReassemblyBytes),
    keyLog: options.keyLog,
    drops,
  };
}

/** Fewer random bytes would not tell many associations apart. */
const MIN_ID_LENGTH = 4;

function connectionIdConfig({ connectionId, randomBytes }: EngineOptions): ConnectionConfig['connectionId'] {
  if (connectionId === undefined) return undefined;
  const { returnRoutability: checksPaths = true } = connectionId;
  const minimum = connectionId.length === 0 ? 0 : MIN_ID_LENGTH;
  const length = wholeNumber('connectionId.length', connectionId.length, minimum, MAX_ID_LENGTH);
  return { length, checksPaths, make: () => randomBytes(length).slice() };
}

/** Sees that there is a suite to speak. Throws `DtlsRefusedError` (`bad-option`). */
export function checkSuites(suites: readonly unknown[]): void {
  if (suites.length === 0) refuse('there is no certificate, raw or shared key for any of the cipher suites');
}

/** The suites of each version that is spoken. */
function chosenSuites({
  crypto,
  cipherSuites,
  versions = DEFAULT_VERSIONS,
}: EngineOptions): Pick<EngineConfig, 'cipherSuites' | 'cipherSuites13'> {
  const ours = suitesOf(crypto);
  const ours13 = suitesOf13(crypto);
  for (const name of cipherSuites ?? []) {
    if (![...ours, ...ours13].some((suite) => suite.name === name)) {
      refuse(`${name} is no cipher suite that crypto can run`);
    }
  }
  const chosen = <T extends { readonly name: CipherSuiteName }>(suites: readonly T[], version: DtlsVersionNumber) =>
    versions.includes(version)
      ? (cipherSuites?.flatMap((name) => suites.find((suite) => suite.name === name) ?? []) ?? suites)
      : [];
  return { cipherSuites: chosen(ours, '1.2'), cipherSuites13: chosen(ours13, '1.3') };
}

function refuse(message: string): never {
  throw new DtlsRefusedError('bad-option', message);
}
