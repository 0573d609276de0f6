import type { ConnectionConfig } from './connection/connection-config.ts';
import type { CryptoProvider, GroupName } from './crypto/provider.ts';
import type { Drops } from './drops.ts';
import { DtlsRefusedError } from './errors.ts';
import type { RandomBytes } from './handshake/handshake.ts';

/** What every engine needs and may be told. */
export interface EngineOptions {
  readonly crypto: CryptoProvider;
  /** Unpredictable bytes; keys come from `crypto`. */
  readonly randomBytes: RandomBytes;
  /** The largest datagram to send, in bytes of UDP payload (64 to 65,507). Default 1232: what IPv6 carries everywhere. */
  readonly maxDatagram?: number | undefined;
  /** Milliseconds until a handshake is given up. Default 60,000. */
  readonly handshakeTimeout?: number | undefined;
  /** Bytes of handshake messages that are kept while parts of them are missing. Default 65,536 in a client, 16,384 in a listener. */
  readonly maxReassemblyBytes?: number | undefined;
  /** Groups of key agreement, the best first. Default X25519, then P-256. */
  readonly groups?: readonly GroupName[] | undefined;
  /** Called with each line of an NSS key log (`CLIENT_RANDOM …`), which lets others decrypt the session. */
  readonly keyLog?: ((line: string) => void) | undefined;
}

/** A datagram that has been written to the caller's buffer: its first `length` bytes go to `path`. */
export interface Transmit {
  readonly length: number;
  readonly path: string;
}

const DEFAULT_MAX_DATAGRAM = 1_232;
const DEFAULT_HANDSHAKE_TIMEOUT = 60_000;
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
export function connectionConfig(
  options: EngineOptions,
  defaultReassemblyBytes: number,
  drops: Drops,
): ConnectionConfig {
  const { maxDatagram = DEFAULT_MAX_DATAGRAM, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT } = options;
  const { maxReassemblyBytes = defaultReassemblyBytes, groups = DEFAULT_GROUPS } = options;
  if (groups.length === 0) throw new DtlsRefusedError('bad-option', 'groups must name at least one group');
  return {
    crypto: options.crypto,
    randomBytes: options.randomBytes,
    groups,
    maxDatagram: wholeNumber('maxDatagram', maxDatagram, ...DATAGRAM_BOUNDS),
    handshakeTimeout: wholeNumber('handshakeTimeout', handshakeTimeout, 1),
    maxReassemblyBytes: wholeNumber('maxReassemblyBytes', maxReassemblyBytes, 1_024),
    keyLog: options.keyLog,
    drops,
  };
}
