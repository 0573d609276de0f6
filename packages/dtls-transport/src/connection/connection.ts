import type { GroupName } from '../crypto/provider.ts';
import type { DropReason } from '../drops.ts';
import { DtlsAlertError, DtlsError, DtlsRefusedError, DtlsTimeoutError } from '../errors.ts';
import { Fifo } from '../fifo.ts';
import type { CipherSuite } from '../handshake/cipher-suites.ts';
import type { FlightPart } from '../handshake/flight.ts';
import type { Handshake, HandshakeHost } from '../handshake/handshake.ts';
import { belongsToEpoch, Reassembly } from '../handshake/reassembly.ts';
import type { RecordSizeLimits } from '../handshake/record-size-limit.ts';
import { RetransmitTimer } from '../handshake/retransmit-timer.ts';
import { type InnerPlaintext, readInnerPlaintext } from '../record/inner-plaintext.ts';
import { ReadEpoch } from '../record/read-epoch.ts';
import type { RecordProtection } from '../record/record-protection.ts';
import { idOverhead, WriteEpoch } from '../record/write-epoch.ts';
import { ALERT, alertName, readAlert } from '../wire/alert.ts';
import { HANDSHAKE_HEADER_LENGTH, type HandshakeFragment, readHandshakeFragment } from '../wire/handshake-message.ts';
import {
  CONTENT_TYPE,
  MAX_PLAINTEXT,
  RECORD_HEADER_LENGTH,
  type RecordHeader,
  readRecordHeader,
} from '../wire/record.ts';
import { alertFor } from './alert-for.ts';
import { type ConnectionConfig, type FirstNumbers, leastPayload, payloadWith } from './connection-config.ts';
import type { ConnectionEvent } from './connection-event.ts';
import { ConnectionIds } from './connection-ids.ts';
import { EarlyRecords } from './early-records.ts';
import { Outbox } from './outbox.ts';
import { PeerPath } from './peer-path.ts';

/** The epoch after the one ChangeCipherSpec: there is no renegotiation. */
const PROTECTED_EPOCH = 1;

/** Where the connection id stands in a record that has one (RFC 9146 4). */
const ID_OFFSET = RECORD_HEADER_LENGTH - 2;

/** How long a handshake goes on after a fatal alert in the clear: an honest peer has nothing more to say, a forger's victim has. */
const ALERT_GRACE_MS = 500;

/**
 * One association, of either role and any version: records, epochs, flights and their timer, reassembly, alerts and events.
 * What is said in the handshake is the business of a `Handshake`.
 */
export class Connection {
  readonly #config: ConnectionConfig;
  readonly #plainWriter: WriteEpoch;
  readonly #reassembly: Reassembly;
  readonly #ids: ConnectionIds;
  readonly #path: PeerPath;
  readonly #outbox: Outbox;
  readonly #early = new EarlyRecords();
  /** Data that was read before the handshake was done. */
  readonly #earlyData = new EarlyRecords();
  readonly #timer = new RetransmitTimer();
  readonly #events = new Fifo<ConnectionEvent>();
  #state: 'handshaking' | 'established' | 'closed' = 'handshaking';
  #handshake: Handshake | undefined;
  #handshakeDeadline: number | undefined;
  #read: ReadEpoch | undefined;
  #write: WriteEpoch | undefined;
  /** Alerts go out in the epoch that we speak in: the protected one once our Finished is out. */
  #alertWriter: WriteEpoch;
  /** A fatal alert in the clear, and when it counts unless the peer goes on. */
  #alert: { readonly error: DtlsAlertError; readonly countsAt: number } | undefined;
  /** Something has changed for the records that came too early. */
  #earlyDue = false;
  #maxPayload: number;
  /** What the peer takes in a protected record (RFC 8449). */
  #maxPlaintext: number = MAX_PLAINTEXT;
  /** The handshake has asked for a message again since the record in hand was begun. */
  #startedOver = false;
  /** What is to be said next may not go to the peer's address yet. */
  #isBlocked = false;

  constructor(
    config: ConnectionConfig,
    now: number,
    startHandshake: (host: HandshakeHost) => Handshake,
    first: FirstNumbers = { recordSequence: 0, messageSeq: 0 },
  ) {
    this.#config = config;
    this.#plainWriter = new WriteEpoch(0, undefined, first.recordSequence);
    this.#alertWriter = this.#plainWriter;
    this.#ids = new ConnectionIds(config.connectionId);
    this.#path = new PeerPath(config);
    this.#outbox = new Outbox(this.#path.messages);
    this.#reassembly = new Reassembly(config.maxReassemblyBytes, first.messageSeq);
    this.#handshakeDeadline = now + config.handshakeTimeout;
    this.#maxPayload = leastPayload(config);
    this.#handshake = startHandshake(this.#host());
  }

  get state(): 'handshaking' | 'established' | 'closed' {
    return this.#state;
  }

  /** The most data that one `send` takes, in bytes. It grows or shrinks once, when the handshake is done. */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** Takes a datagram; true when something in it has authenticated. `isElsewhere`: it came from another address than the peer's. */
  receive(datagram: Uint8Array, now: number, isElsewhere = false): boolean {
    this.#path.receive(datagram.length, isElsewhere);
    this.#isBlocked = false;
    return this.#receive(datagram, now);
  }

  /** RFC 9146 6: what was received last holds an authentic record that is newer than all before it. */
  get isNewest(): boolean {
    return this.#path.isNewest;
  }

  /**
   * We send to another address from now on, where so many bytes have come from. `isValidated`: the peer has shown before
   * that it receives there; else it gets three times that until it has shown it (RFC 9853).
   */
  moveTo(isValidated: boolean, received: number, now: number): void {
    this.#isBlocked = false;
    this.#path.moveTo(isValidated, received, this.#ids.checksPaths, now);
  }

  #receive(datagram: Uint8Array, now: number): boolean {
    let authentic = false;
    // RFC 6347 4.1.1: a datagram holds whole records, one after the other.
    for (let at = 0; at < datagram.length; ) {
      const header = readRecordHeader(datagram, at, this.#ids.length);
      if (header === undefined) {
        this.#drop('malformed');
        break;
      }
      if (this.#receiveRecord(header, datagram, at, now)) authentic = true;
      at = header.end;
      if (this.#earlyDue) this.#receiveEarly(now);
    }
    return authentic;
  }

  handleTimeout(now: number): void {
    const failed = this.#path.handleTimeout(now);
    if (failed !== undefined) this.#endMove(failed);
    if (this.#alert !== undefined && now >= this.#alert.countsAt) {
      this.#end(this.#alert.error);
    } else if (this.#handshakeDeadline !== undefined && now >= this.#handshakeDeadline) {
      this.#end(new DtlsTimeoutError('handshake', this.#config.handshakeTimeout));
    } else if (this.#timer.deadline !== undefined && now >= this.#timer.deadline) {
      this.#outbox.repeatFlight();
      this.#timer.backOff(now);
    }
  }

  pollTimeout(): number | undefined {
    if (this.#handshakeDeadline === undefined) return this.#path.deadline;
    const { POSITIVE_INFINITY } = Number;
    const repeat = this.#timer.deadline ?? POSITIVE_INFINITY;
    const check = this.#path.deadline ?? POSITIVE_INFINITY;
    return Math.min(this.#handshakeDeadline, repeat, check, this.#alert?.countsAt ?? POSITIVE_INFINITY);
  }

  /** Writes the next datagram to `out`; returns its length, 0 when there is none. */
  pollTransmit(out: Uint8Array): number {
    try {
      const length = this.#outbox.write(out, Math.min(this.#config.maxDatagram, this.#path.leave));
      this.#path.sent(length);
      this.#isBlocked = length === 0;
      return length;
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  get hasTransmit(): boolean {
    return this.#outbox.pending && !this.#isBlocked;
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.#events.take();
  }

  /** Sends data once the handshake is done. The bytes are ours until they have been transmitted. */
  send(data: Uint8Array): void {
    if (this.#state === 'closed') throw new DtlsRefusedError('closed', 'the association has ended');
    if (data.length > this.#maxPayload) {
      throw new DtlsRefusedError('too-large', `${data.length} bytes, but a datagram takes ${this.#maxPayload}`);
    }
    // What may not go to an unvalidated address now goes later, or is lost as a datagram may be.
    if (!this.#path.isValidated && this.#state === 'established') {
      if (!this.#outbox.pushHeld(data)) this.#drop('overflow');
    } else this.#outbox.push(data);
  }

  /** Runs a command that may fail the association. */
  run(command: () => void, now: number): void {
    try {
      command();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#earlyDue) this.#receiveEarly(now);
  }

  /** Ends the association and tells the peer (RFC 5246 7.2.1). */
  close(): void {
    this.#end(undefined, ALERT.close_notify);
  }

  /** Ends the association because of a bound or of a newer one; `alert` tells the peer. */
  abandon(error: DtlsError, alert?: number): void {
    this.#end(error, alert);
  }

  #receiveRecord(header: RecordHeader, datagram: Uint8Array, at: number, now: number): boolean {
    if (this.#state === 'closed') return false;
    try {
      if (header.epoch === 0) {
        this.#onPlainRecord(header, datagram, now);
        return false;
      }
      if (header.epoch === PROTECTED_EPOCH) return this.#onProtectedRecord(header, datagram, at, now);
      this.#drop('unexpected');
    } catch (error) {
      this.#fail(error);
    }
    return false;
  }

  #onPlainRecord({ type, start, end }: RecordHeader, datagram: Uint8Array, now: number): void {
    const fragment = datagram.subarray(start, end);
    if (type === CONTENT_TYPE.handshake && this.#state === 'handshaking') {
      this.#onFragments(fragment, 0, now);
    } else if (type === CONTENT_TYPE.alert) {
      this.#onPlainAlert(fragment, now);
    } else if (type !== CONTENT_TYPE.changeCipherSpec) {
      // CVE-2020-24585: application data without protection is never handed up.
      this.#drop('unexpected');
    }
    // A ChangeCipherSpec says nothing that the epoch of the next record does not say (RFC 6347 4.1), and keys are only ever
    // taken from the key exchange (CVE-2014-0224), so it is read over.
  }

  /** What anybody can send: it ends a handshake that does not go on, and of an association it is only a hint. */
  #onPlainAlert(fragment: Uint8Array, now: number): void {
    const alert = readAlert(fragment);
    if (alert === undefined) {
      this.#drop('malformed');
      return;
    }
    const { fatal, alert: number } = alert;
    if (!fatal && number !== ALERT.close_notify) return;
    if (this.#state === 'established') {
      this.#events.push({ type: 'hint' });
    } else if (this.#alert === undefined) {
      this.#alert = { error: new DtlsAlertError(number, alertName(number)), countsAt: now + ALERT_GRACE_MS };
      // It may be about what was damaged on the way: a peer that has warned us (`HandshakeHost.warn`) can still be told better.
      if (this.#write !== undefined) this.#timer.hurry(now + ALERT_GRACE_MS / 2);
    }
  }

  #onProtectedRecord(header: RecordHeader, datagram: Uint8Array, at: number, now: number): boolean {
    const { type } = header;
    const id = datagram.subarray(at + ID_OFFSET, at + ID_OFFSET + header.start - at - RECORD_HEADER_LENGTH);
    // CVE-2022-46393, RFC 9146 3: once ids of ours are agreed on, each record must have one, and none but ours is one.
    const isNamed = id.length === 0 ? !this.#ids.areExpected : this.#ids.isOwn(id);
    if (!isNamed || (id.length === 0 && type === CONTENT_TYPE.tls12Cid)) {
      this.#drop('unexpected');
      return false;
    }
    // RFC 6347 4.2.4: data of the new epoch waits until the peer's Finished has been read.
    const tooEarly = type === CONTENT_TYPE.applicationData && this.#state === 'handshaking';
    if (this.#read === undefined || tooEarly) {
      if (!this.#early.keep(datagram.subarray(at, header.end))) this.#drop('overflow');
      return false;
    }
    const plaintext = this.#read.open(header, datagram, id);
    if (typeof plaintext === 'string') {
      this.#drop(plaintext);
      const mayBeHandshake = type === CONTENT_TYPE.handshake || type === CONTENT_TYPE.tls12Cid;
      if (plaintext === 'unauthenticated' && mayBeHandshake) this.#handshake?.onUnreadable?.(now);
      return false;
    }
    this.#path.authenticated({ epoch: PROTECTED_EPOCH, sequence: header.sequence });
    const record = id.length === 0 ? { type, content: plaintext } : readInnerPlaintext(plaintext);
    if (record === undefined) this.#drop('malformed');
    else this.#onAuthentic(record, now);
    return true;
  }

  #onAuthentic({ type, content }: InnerPlaintext, now: number): void {
    if (type === CONTENT_TYPE.applicationData && this.#state === 'handshaking') {
      // The type was encrypted, so only now we know that it has come too early.
      if (!this.#earlyData.keep(content)) this.#drop('overflow');
    } else if (type === CONTENT_TYPE.applicationData) this.#onData(content);
    else if (type === CONTENT_TYPE.handshake) this.#onFragments(content, PROTECTED_EPOCH, now);
    else if (type === CONTENT_TYPE.alert) this.#onProtectedAlert(content);
    else if (type === CONTENT_TYPE.returnRoutabilityCheck) this.#onPathMessage(content);
    else this.#drop('unexpected');
  }

  #onPathMessage(content: Uint8Array): void {
    // RFC 9853 3: only where both sides have said that they take part.
    if (!this.#ids.checksPaths || this.#state !== 'established') {
      this.#drop('unexpected');
      return;
    }
    const result = this.#path.onMessage(content);
    if (result === 'malformed') this.#drop(result);
    else if (result !== undefined) this.#endMove(result);
  }

  #endMove(type: 'pathValidated' | 'pathFailed'): void {
    this.#isBlocked = false;
    this.#events.push({ type });
  }

  #onData(data: Uint8Array): void {
    // A peer that sends data has our last flight, so that is not needed again. Unless it has not gone out yet: some do not wait
    // for it (RFC 7918).
    if (this.#handshake !== undefined && !this.#outbox.hasFlightToSend) {
      this.#handshake = undefined;
      this.#outbox.dropFlight();
    }
    if (data.length > 0) this.#events.push({ type: 'data', data });
  }

  #onProtectedAlert(plaintext: Uint8Array): void {
    const alert = readAlert(plaintext);
    if (alert === undefined) {
      this.#drop('malformed');
      return;
    }
    const { fatal, alert: number } = alert;
    // RFC 5246 7.2.1: close_notify is answered with its like.
    if (number === ALERT.close_notify) this.#end(undefined, ALERT.close_notify);
    else if (fatal) this.#end(new DtlsAlertError(number, alertName(number)));
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
        this.#drop('malformed');
        return;
      }
      at += HANDSHAKE_HEADER_LENGTH + fragment.bytes.length;
      this.#onFragment(fragment, epoch, now);
    }
  }

  #onFragment(fragment: HandshakeFragment, epoch: 0 | 1, now: number): void {
    const handshake = this.#handshake;
    if (handshake === undefined || !belongsToEpoch(fragment.type, epoch)) {
      this.#drop('unexpected');
      return;
    }
    if (fragment.messageSeq < this.#reassembly.next) {
      handshake.onRepeat(fragment, now);
      return;
    }
    if (handshake.awaits !== epoch) {
      this.#drop('unexpected');
      return;
    }
    if (!this.#reassembly.add(fragment)) {
      this.#drop('overflow');
      return;
    }
    while (handshake.awaits === epoch) {
      const message = this.#reassembly.take();
      if (message === undefined) return;
      handshake.onMessage(message, now);
    }
  }

  /** Reads again what came too early; what is still too early is kept again. */
  #receiveEarly(now: number): void {
    this.#earlyDue = false;
    for (const record of this.#early.takeAll()) this.#receive(record, now);
  }

  #host(): HandshakeHost {
    const { crypto, randomBytes, groups, cipherSuites, recordSizeLimit, keyLog } = this.#config;
    const timer = this.#timer;
    return {
      crypto,
      randomBytes,
      groups,
      cipherSuites,
      recordSizeLimit,
      ids: this.#ids,
      plainWriter: this.#plainWriter,
      sendFlight: (parts, now, wasSent = false) => this.#sendFlight(parts, now, wasSent),
      repeatFlight: (now) => {
        this.#outbox.repeatFlightOnRequest();
        // RFC 6347 4.2.4: the waiting begins again, unless the flight is the last one.
        if (this.#state === 'handshaking') timer.restart(now);
      },
      warn: (alert) => this.#outbox.warn(this.#plainWriter, alert),
      get hasRepeated() {
        return timer.hasFired;
      },
      stopRepeating: () => {
        this.#alert = undefined;
        timer.stop();
      },
      resumeRepeating: (now) => timer.restart(now),
      expectAgain: (seq) => {
        this.#reassembly.restart(seq);
        this.#startedOver = true;
      },
      protect: (read, write, limits) => this.#protect(read, write, limits),
      established: (suite, group) => this.#establish(suite, group),
      keyLog: (line) => keyLog?.(line),
      askAboutCertificate: (chain) => this.#events.push({ type: 'peerCertificate', chain }),
      askForPsk: (identity) => this.#events.push({ type: 'pskIdentity', identity }),
    };
  }

  #sendFlight(parts: readonly FlightPart[], now: number, wasSent: boolean): void {
    this.#alert = undefined;
    this.#alertWriter = parts.at(-1)!.writer;
    this.#outbox.setFlight(parts, wasSent);
    this.#timer.start(now);
  }

  #protect(read: RecordProtection, write: RecordProtection, limits: RecordSizeLimits): WriteEpoch {
    this.#read = new ReadEpoch(PROTECTED_EPOCH, read, limits.receive);
    // The numbers go on when keys are made again: these may be the same keys (no nonce twice), and a peer must not take
    // what we say for a replay.
    this.#write = new WriteEpoch(PROTECTED_EPOCH, write, this.#write?.nextSequence, this.#ids.sent);
    // RFC 9146 5, RFC 8449 4: with an id the type counts too.
    this.#maxPlaintext = limits.send - (this.#ids.sent.length > 0 ? 1 : 0);
    this.#earlyDue = true;
    return this.#write;
  }

  #establish({ name, aead }: CipherSuite, group: GroupName | undefined): void {
    this.#state = 'established';
    this.#alert = undefined;
    this.#timer.stop();
    this.#handshakeDeadline = undefined;
    this.#maxPayload = Math.min(
      payloadWith(aead, this.#config.maxDatagram, idOverhead(this.#ids.sent)),
      this.#maxPlaintext,
    );
    this.#config.drops.overflow += this.#outbox.open(this.#write!, this.#maxPayload);
    this.#earlyDue = true;
    this.#events.push({ type: 'connected', version: 'DTLS 1.2', cipherSuite: name, group });
    for (const data of this.#earlyData.takeAll()) this.#onData(data);
  }

  /** Ends the association because of what was thrown; what is no `DtlsError` is a fault of ours and goes on up. */
  #fail(error: unknown): void {
    if (!(error instanceof DtlsError)) throw error;
    this.#end(error, alertFor(error));
  }

  #end(error: DtlsError | undefined, alert?: number): void {
    if (this.#state === 'closed') return;
    this.#outbox.end(this.#alertWriter, alert);
    this.#path.end();
    this.#state = 'closed';
    this.#timer.stop();
    this.#handshakeDeadline = undefined;
    this.#alert = undefined;
    this.#handshake = undefined;
    this.#events.push({ type: 'closed', error });
  }

  #drop(reason: DropReason): void {
    this.#config.drops[reason] += 1;
  }
}
