import type { CryptoProvider, GroupName } from '../crypto/provider.ts';
import type { RecordKeys13 } from '../record/record-keys-13.ts';
import type { HandshakeFragment, HandshakeMessage } from '../wire/handshake-message.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import type { RandomBytes } from './handshake.ts';
import type { IdAgreement } from './id-extensions.ts';
import type { TrafficSecrets } from './key-schedule-13.ts';

/** The epochs of RFC 9147 6.1 that we use until the first change of keys. */
export const EPOCH = { plain: 0, handshake: 2, application: 3 } as const;

/** The state machine of one role. It throws `DtlsError` for what ends the association. */
export interface Handshake13 {
  /** It waits for a message in the clear; else none counts. */
  readonly awaitsPlain: boolean;
  /** The next message of epoch 0 or 2, in the order of message_seq. */
  onMessage(message: HandshakeMessage, now: number): void;
  /** A fragment, in the clear, of a message that was handed out already. */
  onPlainRepeat(fragment: HandshakeFragment, now: number): void;
}

/** A handshake message that has no number yet, and the epoch that it goes out in. */
export interface MessageToSend {
  readonly epoch: 0 | 2;
  readonly type: number;
  readonly body: Uint8Array;
}

/** The keys of both directions of an epoch, from our side. */
export interface EpochKeys {
  readonly read: RecordKeys13;
  readonly write: RecordKeys13;
}

/** What a state machine asks of the connection that carries it. */
export interface HandshakeHost13 {
  readonly crypto: CryptoProvider;
  readonly randomBytes: RandomBytes;
  /** Groups of key agreement, the best first. */
  readonly groups: readonly GroupName[];
  /** Cipher suites, the best first. */
  readonly cipherSuites: readonly CipherSuite13[];
  /** The most plaintext that we take in a protected record, if we are to tell the peer (RFC 8449). */
  readonly recordSizeLimit: number | undefined;
  /** The largest datagram that we send, in bytes. */
  readonly maxDatagram: number;
  /** Connection ids: to be agreed on before `protectHandshake`. */
  readonly ids: IdAgreement;
  /** Numbers messages and sends them as a flight, again until the peer's next flight or its ACK. The peer's flight has arrived. */
  sendFlight(messages: readonly MessageToSend[], now: number): readonly HandshakeMessage[];
  /** Sends the flight once more; within a bound. */
  repeatFlight(now: number): void;
  /** Forgets what was put together and waits for message `seq` again. */
  expectAgain(seq: number): void;
  /** The keys of the handshake's own messages. Called again, the later keys count. */
  protectHandshake(keys: EpochKeys): void;
  /** What the peer takes in a protected record (RFC 8449). */
  limitRecords(limits: { readonly send: number | undefined; readonly receive: number | undefined }): void;
  /** The handshake is complete on our side; `group` is that of the key exchange, `secrets` are those of application data. */
  established(suite: CipherSuite13, group: GroupName | undefined, secrets: TrafficSecrets, now: number): void;
  /** Takes lines of a key log; `undefined` when nobody wants them. */
  readonly keyLog: ((lines: readonly string[]) => void) | undefined;
  /** Asks the layer above whether this is the right peer. */
  askAboutCertificate(chain: readonly Uint8Array[]): void;
  /** Asks the layer above whether this is the peer's key (RFC 7250). */
  askAboutRawKey(spki: Uint8Array): void;
  /** Asks the layer above for the key of this identity. */
  askForPsk(identity: Uint8Array): void;
}
