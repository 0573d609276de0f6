import type { CryptoProvider, GroupName } from '../crypto/provider.ts';
import type { RecordProtection } from '../record/record-protection.ts';
import type { WriteEpoch } from '../record/write-epoch.ts';
import type { HandshakeFragment, HandshakeMessage } from '../wire/handshake-message.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { FlightPart } from './flight.ts';
import type { IdAgreement } from './id-extensions.ts';
import type { RecordSizeLimits } from './record-size-limit.ts';

/** `length` unpredictable bytes. */
export type RandomBytes = (length: number) => Uint8Array;

/** The state machine of one role and version. It throws `DtlsError` for what ends the association. */
export interface Handshake {
  /** The epoch of the message that it waits for; `undefined` while it waits for no message. */
  readonly awaits: 0 | 1 | undefined;
  /** The next message, in the order of message_seq. */
  onMessage(message: HandshakeMessage, now: number): void;
  /** A fragment of a message that was handed out already. */
  onRepeat(fragment: HandshakeFragment, now: number): void;
  /** A record with a handshake message did not authenticate. */
  onUnreadable?(now: number): void;
}

/** What a state machine asks of the connection that carries it. */
export interface HandshakeHost {
  readonly crypto: CryptoProvider;
  readonly randomBytes: RandomBytes;
  /** Groups of key agreement, the best first. */
  readonly groups: readonly GroupName[];
  /** Cipher suites, the best first. */
  readonly cipherSuites: readonly CipherSuite[];
  /** The most plaintext that we take in a protected record, if we are to tell the peer (RFC 8449). */
  readonly recordSizeLimit: number | undefined;
  /** Connection ids: to be agreed on before `protect`. */
  readonly ids: IdAgreement;
  /** What is sent in epoch 0. */
  readonly plainWriter: WriteEpoch;
  /**
   * Sends a flight, and again until the next one or until `established`. The peer's flight has arrived. With `wasSent` it is
   * only sent again: it went out before.
   */
  sendFlight(parts: readonly FlightPart[], now: number, wasSent?: boolean): void;
  /** Sends the flight once more because the peer asks for it; within a bound. */
  repeatFlight(now: number): void;
  /** Tells the peer in the clear how the handshake will end unless it has more to say. The handshake goes on. */
  warn(alert: number): void;
  /** The flight was sent again because nothing came. */
  readonly hasRepeated: boolean;
  /** The peer's flight has arrived, ours comes later. */
  stopRepeating(): void;
  /** Our flight is sent again until the peer's next one arrives: what has arrived may not be what the peer has sent. */
  resumeRepeating(now: number): void;
  /** Forgets what was put together and waits for message `seq` again. */
  expectAgain(seq: number): void;
  /** Keys for epoch 1; returns what is sent in it. Called again, the later keys count. */
  protect(read: RecordProtection, write: RecordProtection, limits: RecordSizeLimits): WriteEpoch;
  /** The handshake is complete. `group` is that of the key exchange, if there was one besides a shared key. */
  established(suite: CipherSuite, group: GroupName | undefined): void;
  keyLog(line: string): void;
  /** Asks the layer above whether this is the right peer. */
  askAboutCertificate(chain: readonly Uint8Array[]): void;
  /** Asks the layer above for the key of this identity. */
  askForPsk(identity: Uint8Array): void;
}
