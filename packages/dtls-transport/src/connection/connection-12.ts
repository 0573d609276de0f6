import type { GroupName } from '../crypto/provider.ts';
import type { CipherSuite } from '../handshake/cipher-suites.ts';
import type { FlightPart } from '../handshake/flight.ts';
import type { Handshake, HandshakeHost } from '../handshake/handshake.ts';
import { belongsToEpoch, Reassembly } from '../handshake/reassembly.ts';
import type { RecordSizeLimits } from '../handshake/record-size-limit.ts';
import { type InnerPlaintext, readInnerPlaintext } from '../record/inner-plaintext.ts';
import { ReadEpoch } from '../record/read-epoch.ts';
import type { RecordProtection } from '../record/record-protection.ts';
import { idOverhead, WriteEpoch } from '../record/write-epoch.ts';
import { HANDSHAKE_HEADER_LENGTH, type HandshakeFragment, readHandshakeFragment } from '../wire/handshake-message.ts';
import {
  CONTENT_TYPE,
  MAX_PLAINTEXT,
  RECORD_HEADER_LENGTH,
  type RecordHeader,
  readRecordHeader,
} from '../wire/record.ts';
import { ALERT_GRACE_MS, Connection } from './connection.ts';
import { type ConnectionConfig, type FirstNumbers, leastPayload, payloadWith } from './connection-config.ts';
import { EarlyRecords } from './early-records.ts';
import { Outbox } from './outbox.ts';

/** The epoch after the one ChangeCipherSpec: there is no renegotiation. */
const PROTECTED_EPOCH = 1;

/** Where the connection id stands in a record that has one (RFC 9146 4). */
const ID_OFFSET = RECORD_HEADER_LENGTH - 2;

/**
 * One association of DTLS 1.2 (RFC 6347, RFC 9146), of either role: records, epochs, flights and their timer, reassembly. What is
 * said in the handshake is the business of a `Handshake`.
 */
export class Connection12 extends Connection<RecordHeader> {
  protected readonly outbox: Outbox;
  protected readonly ownDeadline: undefined;
  readonly #cipherSuites: ConnectionConfig['cipherSuites'];
  readonly #plainWriter: WriteEpoch;
  readonly #reassembly: Reassembly;
  /** Data that was read before the handshake was done. */
  readonly #earlyData = new EarlyRecords();
  #handshake: Handshake | undefined;
  #read: ReadEpoch | undefined;
  #write: WriteEpoch | undefined;
  /** Alerts go out in the epoch that we speak in: the protected one once our Finished is out. */
  #alertWriter: WriteEpoch;
  /** What the peer takes in a protected record (RFC 8449). */
  #maxPlaintext: number = MAX_PLAINTEXT;
  /** The handshake has asked for a message again since the record in hand was begun. */
  #startedOver = false;
  /** When the record in hand came. */
  #arrival = 0;

  constructor(
    config: ConnectionConfig,
    now: number,
    startHandshake: (host: HandshakeHost) => Handshake,
    first: FirstNumbers = { recordSequence: 0, messageSeq: 0 },
  ) {
    // RFC 6347 4.2.4.1 knows no round trips.
    super(config, leastPayload(config), { isValidated: true, adapts: false }, now);
    this.#cipherSuites = config.cipherSuites;
    this.#plainWriter = new WriteEpoch(0, undefined, first.recordSequence);
    this.#alertWriter = this.#plainWriter;
    this.outbox = new Outbox(this.path.messages);
    this.#reassembly = new Reassembly(config.maxReassemblyBytes, first.messageSeq);
    this.#handshake = startHandshake(this.#host());
  }

  protected onTime(now: number): void {
    if (this.timer.deadline === undefined || now < this.timer.deadline) return;
    this.outbox.repeatFlight();
    this.timer.backOff(now);
  }

  protected readHeader(datagram: Uint8Array, at: number): RecordHeader | undefined {
    return readRecordHeader(datagram, at, this.ids.length);
  }

  protected onRecord(header: RecordHeader, datagram: Uint8Array, at: number, now: number): boolean {
    this.#arrival = now;
    if (header.epoch === PROTECTED_EPOCH) return this.#onProtectedRecord(header, datagram, at, now);
    if (header.epoch === 0) this.#onPlainRecord(header, datagram, now);
    else this.drop('unexpected');
    return false;
  }

  #onPlainRecord({ type, start, end }: RecordHeader, datagram: Uint8Array, now: number): void {
    const fragment = datagram.subarray(start, end);
    if (type === CONTENT_TYPE.handshake && this.state === 'handshaking') {
      this.#onFragments(fragment, 0, now);
    } else if (type === CONTENT_TYPE.alert) {
      // It may be about what was damaged on the way: a peer that has warned us (`HandshakeHost.warn`) can still be told better.
      if (this.onPlainAlert(fragment, now) && this.#write !== undefined) this.timer.hurry(now + ALERT_GRACE_MS / 2);
    } else if (type !== CONTENT_TYPE.changeCipherSpec) {
      // CVE-2020-24585: application data without protection is never handed up.
      this.drop('unexpected');
    }
    // A ChangeCipherSpec says nothing that the epoch of the next record does not say (RFC 6347 4.1), and keys are only ever
    // taken from the key exchange (CVE-2014-0224), so it is read over.
  }

  #onProtectedRecord(header: RecordHeader, datagram: Uint8Array, at: number, now: number): boolean {
    const { type } = header;
    const id = datagram.subarray(at + ID_OFFSET, at + ID_OFFSET + header.start - at - RECORD_HEADER_LENGTH);
    // CVE-2022-46393, RFC 9146 3: once ids of ours are agreed on, each record must have one, and none but ours is one.
    const isNamed = id.length === 0 ? !this.ids.areExpected : this.ids.isOwn(id);
    if (!isNamed || (id.length === 0 && type === CONTENT_TYPE.tls12Cid)) {
      this.drop('unexpected');
      return false;
    }
    // RFC 6347 4.2.4: data of the new epoch waits until the peer's Finished has been read.
    const tooEarly = type === CONTENT_TYPE.applicationData && this.state === 'handshaking';
    if (this.#read === undefined || tooEarly) {
      if (!this.early.keep(datagram.subarray(at, header.end))) this.drop('overflow');
      return false;
    }
    const plaintext = this.#read.open(header, datagram, id);
    if (typeof plaintext === 'string') {
      this.drop(plaintext);
      const mayBeHandshake = type === CONTENT_TYPE.handshake || type === CONTENT_TYPE.tls12Cid;
      if (plaintext === 'unauthenticated' && mayBeHandshake) this.#handshake?.onUnreadable?.(now);
      return false;
    }
    this.path.authenticated(PROTECTED_EPOCH, header.sequence);
    const record = id.length === 0 ? { type, content: plaintext } : readInnerPlaintext(plaintext);
    if (record === undefined) this.drop('malformed');
    else this.#onAuthentic(record, now);
    return true;
  }

  #onAuthentic({ type, content }: InnerPlaintext, now: number): void {
    if (type === CONTENT_TYPE.applicationData && this.state === 'handshaking') {
      // The type was encrypted, so only now we know that it has come too early.
      if (!this.#earlyData.keep(content)) this.drop('overflow');
    } else if (type === CONTENT_TYPE.applicationData) this.#onData(content);
    else if (type === CONTENT_TYPE.handshake) this.#onFragments(content, PROTECTED_EPOCH, now);
    else if (type === CONTENT_TYPE.alert) this.onProtectedAlert(content, ({ fatal }) => fatal);
    else if (type === CONTENT_TYPE.returnRoutabilityCheck) this.onPathMessage(content);
    else this.drop('unexpected');
  }

  #onData(data: Uint8Array): void {
    // A peer that sends data has our last flight, so that is not needed again. Unless it has not gone out yet: some do not wait
    // for it (RFC 7918).
    if (this.#handshake !== undefined && !this.outbox.hasFlightToSend) {
      this.#handshake = undefined;
      this.outbox.dropFlight();
    }
    if (data.length > 0) this.events.push({ type: 'data', data });
  }

  /**
   * RFC 6347 4.2.3: a record may hold several messages or fragments. What stands behind one that made the handshake start
   * over belongs to what it has given up: a copy of a damaged message must not look like its repetition.
   */
  #onFragments(bytes: Uint8Array, epoch: 0 | 1, now: number): void {
    this.#startedOver = false;
    for (let at = 0; at < bytes.length && !this.#startedOver; ) {
      const fragment = readHandshakeFragment(bytes, at);
      if (fragment === undefined) {
        this.drop('malformed');
        return;
      }
      at += HANDSHAKE_HEADER_LENGTH + fragment.bytes.length;
      this.#onFragment(fragment, epoch, now);
    }
  }

  #onFragment(fragment: HandshakeFragment, epoch: 0 | 1, now: number): void {
    const handshake = this.#handshake;
    if (handshake === undefined || !belongsToEpoch(fragment.type, epoch)) {
      this.drop('unexpected');
      return;
    }
    if (fragment.messageSeq < this.#reassembly.next) {
      handshake.onRepeat(fragment, now);
      return;
    }
    if (handshake.awaits !== epoch) {
      this.drop('unexpected');
      return;
    }
    if (!this.#reassembly.add(fragment)) {
      this.drop('overflow');
      return;
    }
    while (handshake.awaits === epoch) {
      const message = this.#reassembly.take();
      if (message === undefined) return;
      handshake.onMessage(message, now);
    }
  }

  #host(): HandshakeHost {
    const { crypto, randomBytes, groups, recordSizeLimit, keyLog } = this.config;
    const timer = this.timer;
    return {
      crypto,
      randomBytes,
      groups,
      cipherSuites: this.#cipherSuites,
      recordSizeLimit,
      ids: this.ids,
      plainWriter: this.#plainWriter,
      sendFlight: (parts, now, wasSent = false) => this.#sendFlight(parts, now, wasSent),
      repeatFlight: (now) => {
        this.outbox.repeatFlightOnRequest();
        // RFC 6347 4.2.4: the waiting begins again, unless the flight is the last one.
        if (this.state === 'handshaking') timer.restart(now);
      },
      warn: (alert) => this.outbox.warn(this.#plainWriter, alert),
      get hasRepeated() {
        return timer.hasFired;
      },
      stopRepeating: () => {
        this.forgetAlert();
        timer.answered(this.#arrival);
      },
      resumeRepeating: (now) => timer.restart(now),
      expectAgain: (seq) => {
        this.#reassembly.restart(seq);
        this.#startedOver = true;
      },
      protect: (read, write, limits) => this.#protect(read, write, limits),
      established: (suite, group) => this.#establish(suite, group),
      keyLog: (line) => keyLog?.(line),
      askAboutCertificate: (chain) => this.events.push({ type: 'peerCertificate', chain }),
      askForPsk: (identity) => this.events.push({ type: 'pskIdentity', identity }),
    };
  }

  #sendFlight(parts: readonly FlightPart[], now: number, wasSent: boolean): void {
    this.forgetAlert();
    this.#alertWriter = parts.at(-1)!.writer;
    this.outbox.setFlight(parts, wasSent);
    this.timer.answered(now);
    this.timer.start(now);
  }

  #protect(read: RecordProtection, write: RecordProtection, limits: RecordSizeLimits): WriteEpoch {
    this.#read = new ReadEpoch(PROTECTED_EPOCH, read, limits.receive);
    // The numbers go on when keys are made again: these may be the same keys (no nonce twice), and a peer must not take
    // what we say for a replay.
    this.#write = new WriteEpoch(PROTECTED_EPOCH, write, this.#write?.nextSequence, this.ids.sent);
    // RFC 9146 5, RFC 8449 4: with an id the type counts too.
    this.#maxPlaintext = limits.send - (this.ids.sent.length > 0 ? 1 : 0);
    this.earlyMayBeReadable();
    return this.#write;
  }

  #establish({ name, aead }: CipherSuite, group: GroupName | undefined): void {
    this.timer.stop();
    this.handshakeDeadline = undefined;
    this.payload = Math.min(payloadWith(aead, this.config.maxDatagram, idOverhead(this.ids.sent)), this.#maxPlaintext);
    this.config.drops.overflow += this.outbox.open(this.#write!, this.payload);
    this.establish('DTLS 1.2', name, group);
    for (const data of this.#earlyData.takeAll()) this.#onData(data);
  }

  protected onEnd(alert: number | undefined): void {
    this.outbox.end(this.#alertWriter, alert);
    this.#handshake = undefined;
  }
}
