import type { GroupName } from '../crypto/provider.ts';
import type { DropReason } from '../drops.ts';
import { DtlsAlertError, DtlsError, DtlsPeerError, DtlsRefusedError, DtlsTimeoutError } from '../errors.ts';
import { Fifo } from '../fifo.ts';
import { AckedFlight } from '../handshake/acked-flight.ts';
import type { CipherSuite13 } from '../handshake/cipher-suites-13.ts';
import {
  EPOCH,
  type EpochKeys,
  type Handshake13,
  type HandshakeHost13,
  type MessageToSend,
} from '../handshake/handshake-13.ts';
import type { TrafficSecrets } from '../handshake/key-schedule-13.ts';
import { RetransmitTimer } from '../handshake/retransmit-timer.ts';
import { plainWriter } from '../record/plain-writer.ts';
import { ReadEpoch13 } from '../record/read-epoch-13.ts';
import { ReadEpochs13 } from '../record/read-epochs-13.ts';
import { overhead13, type RecordWriter, WriteEpoch13 } from '../record/write-epoch-13.ts';
import { type RecordNumber, readAck } from '../wire/ack.ts';
import { ALERT, alertName, readAlert } from '../wire/alert.ts';
import { readNewConnectionId, readRequestConnectionId, writeNewConnectionId } from '../wire/connection-id.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage, handshakeMessage } from '../wire/handshake-message.ts';
import { CONTENT_TYPE, MAX_PLAINTEXT, readRecordHeader } from '../wire/record.ts';
import { isUnified, readUnifiedHeader, type UnifiedHeader } from '../wire/unified-header.ts';
import { AckSchedule } from './ack-schedule.ts';
import { alertFor } from './alert-for.ts';
import { type Connection13Config, type FirstNumbers, USUAL_ID } from './connection-config.ts';
import type { ConnectionEvent } from './connection-event.ts';
import { ConnectionIds } from './connection-ids.ts';
import { EarlyRecords } from './early-records.ts';
import { KeyChanges } from './key-changes.ts';
import { MessageIntake } from './message-intake.ts';
import { Outbox13 } from './outbox-13.ts';
import { AMPLIFICATION, PeerPath } from './peer-path.ts';

/** How long a handshake goes on after a fatal alert in the clear: an honest peer has nothing more to say, a forger's victim has. */
const ALERT_GRACE_MS = 500;

/** RFC 9147 4.2.1, 5.8.1: earlier epochs are read, and a last flight is acknowledged again, for twice the MSL; of UDP that is short. */
const RETENTION_MS = 60_000;

/** How often a peer can make us repeat one flight, beside the timer: what we send for it stays bounded. */
const MAX_REPEATS = 10;

/**
 * One association of DTLS 1.3, of either role: records, epochs, flights with their ACKs and timers, changes of keys, alerts
 * and events. What is said in the handshake is the business of a `Handshake13`.
 */
export class Connection13 {
  readonly #config: Connection13Config;
  readonly #role: 'client' | 'server';
  readonly #plainWriter: RecordWriter;
  readonly #intake: MessageIntake;
  readonly #acks = new AckSchedule();
  readonly #outbox: Outbox13;
  readonly #early = new EarlyRecords();
  readonly #timer = new RetransmitTimer();
  readonly #events = new Fifo<ConnectionEvent>();
  readonly #reads = new ReadEpochs13();
  readonly #ids: ConnectionIds;
  readonly #path: PeerPath;
  #state: 'handshaking' | 'established' | 'closed' = 'handshaking';
  #handshake: Handshake13 | undefined;
  #handshakeDeadline: number | undefined;
  #handshakeWriter: RecordWriter;
  #keys: KeyChanges | undefined;
  #nextSeq: number;
  #repeats = 0;
  /** How often our flight was sent again because nothing came. */
  #unanswered = 0;
  /** A fatal alert in the clear, and when it counts unless the peer goes on. */
  #alert: { readonly error: DtlsAlertError; readonly countsAt: number } | undefined;
  #retireAt: number | undefined;
  /** Something has changed for the records that came too early. */
  #earlyDue = false;
  /** Bytes that may go to an address that is not validated; `undefined` when it is. */
  #budget: number | undefined;
  /** The budget is too small for what is to be said next. */
  #isBlocked = false;
  #receiveLimit: number | undefined;
  /** Data has come since the last call. */
  #wasAsked = false;
  #maxPayload: number;

  /** `isValidated`: the peer has shown that it receives at its address, or we have chosen it. */
  constructor(
    config: Connection13Config,
    role: 'client' | 'server',
    isValidated: boolean,
    now: number,
    startHandshake: (host: HandshakeHost13) => Handshake13,
    first: FirstNumbers = { recordSequence: 0, messageSeq: 0 },
  ) {
    this.#config = config;
    this.#role = role;
    this.#plainWriter = plainWriter(first.recordSequence);
    this.#handshakeWriter = this.#plainWriter;
    this.#path = new PeerPath(config);
    this.#outbox = new Outbox13(this.#plainWriter, this.#acks, this.#path.messages);
    this.#intake = new MessageIntake(config.maxReassemblyBytes, first.messageSeq, this.#intakeOwner());
    this.#nextSeq = first.messageSeq;
    this.#handshakeDeadline = now + config.handshakeTimeout;
    this.#ids = new ConnectionIds(config.connectionId);
    this.#maxPayload = payload13(config.maxDatagram, config.connectionId === undefined ? 0 : USUAL_ID);
    this.#budget = isValidated ? undefined : 0;
    this.#handshake = startHandshake(this.#host());
  }

  get state(): 'handshaking' | 'established' | 'closed' {
    return this.#state;
  }

  /** How often our flight was sent again because nothing came. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** The number of the next record in the clear. */
  get plainSequence(): number {
    return this.#plainWriter.nextSequence;
  }

  /** The most data that one `send` takes, in bytes. It changes with the end of the handshake, and when the peer's ids get longer. */
  get maxPayload(): number {
    return this.#maxPayload;
  }

  /** Takes a datagram; true when something in it has authenticated. `isElsewhere`: it came from another address than the peer's. */
  receive(datagram: Uint8Array, now: number, isElsewhere = false): boolean {
    if (this.#budget !== undefined && !isElsewhere) this.#budget += AMPLIFICATION * datagram.length;
    this.#isBlocked = false;
    this.#path.receive(datagram.length, isElsewhere);
    const authentic = this.#receive(datagram, now);
    this.#acknowledgeUnlessAsked();
    return authentic;
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

  handleTimeout(now: number): void {
    if (this.#alert !== undefined && now >= this.#alert.countsAt) {
      this.#end(this.#alert.error);
    } else if (this.#handshakeDeadline !== undefined && now >= this.#handshakeDeadline) {
      this.#end(new DtlsTimeoutError('handshake', this.#config.handshakeTimeout));
    } else {
      if (this.#timer.deadline !== undefined && now >= this.#timer.deadline) {
        this.#outbox.flight?.rewind();
        this.#outbox.update?.rewind();
        this.#outbox.newIds?.rewind();
        this.#timer.backOff(now);
        this.#unanswered += 1;
      }
      this.#acks.handleTimeout(now, this.#state === 'handshaking');
      const failed = this.#path.handleTimeout(now);
      if (failed !== undefined) this.#endMove(failed);
      if (this.#retireAt !== undefined && now >= this.#retireAt) {
        this.#reads.retire();
        this.#retireAt = undefined;
      }
    }
  }

  pollTimeout(): number | undefined {
    const times = [
      this.#handshakeDeadline,
      this.#timer.deadline,
      this.#alert?.countsAt,
      this.#acks.deadline,
      this.#retireAt,
      this.#path.deadline,
    ].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Writes the next datagram to `out`; returns its length, 0 when there is none. */
  pollTransmit(out: Uint8Array): number {
    try {
      const length = this.#outbox.write(
        out,
        Math.min(this.#config.maxDatagram, this.#budget ?? Number.POSITIVE_INFINITY, this.#path.leave),
      );
      if (this.#budget !== undefined) this.#budget -= length;
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

  /** Data that waits for the end of the handshake, which goes on elsewhere. */
  takeWaiting(): readonly Uint8Array[] {
    return this.#outbox.takeData();
  }

  /** Runs a command that may fail the association. */
  run(command: () => void, now: number): void {
    try {
      command();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#earlyDue) this.#receiveEarly(now);
    this.#acknowledgeUnlessAsked();
  }

  /** Changes the keys that we send with, once the peer has acknowledged it; nothing while a change is under way. */
  changeKeys(wantsAnswer: boolean, now: number): void {
    const keys = this.#keys;
    if (this.#state !== 'established' || keys === undefined || keys.isChanging) return;
    const message = this.#number(HANDSHAKE_TYPE.keyUpdate, keys.begin(wantsAnswer));
    this.#outbox.update = new AckedFlight([{ writer: this.#outbox.writer, message }]);
    if (this.#timer.deadline === undefined) this.#timer.start(now);
  }

  /** Ends the association and tells the peer (RFC 8446 6.1). */
  close(): void {
    this.#end(undefined, ALERT.close_notify);
  }

  /** Ends the association because of a bound or of a newer one; `alert` tells the peer. */
  abandon(error: DtlsError, alert?: number): void {
    this.#end(error, alert);
  }

  /** The last ACK waits for an answer to ride with only where the client has said something that may be answered. */
  #acknowledgeUnlessAsked(): void {
    if (this.#acks.mayRide && !this.#wasAsked) this.#acks.demand();
    this.#wasAsked = false;
  }

  #receive(datagram: Uint8Array, now: number): boolean {
    let authentic = false;
    for (let at = 0; at < datagram.length && this.#state !== 'closed'; ) {
      // RFC 9147 4.1: the first byte tells what kind of record it is.
      const unified = isUnified(datagram[at]!) ? readUnifiedHeader(datagram, at, this.#ids.length) : undefined;
      const plain = unified === undefined ? readRecordHeader(datagram, at) : undefined;
      const header = unified ?? plain;
      if (header === undefined) {
        this.#drop('malformed');
        break;
      }
      try {
        if (unified !== undefined && !this.#isNamed(unified, datagram, at > 0)) this.#drop('unexpected');
        else if (unified !== undefined) authentic = this.#onProtectedRecord(unified, datagram, now) || authentic;
        else if (plain!.epoch === EPOCH.plain)
          this.#onPlainRecord(plain!.type, datagram.subarray(plain!.start, plain!.end), now);
        else this.#drop('unexpected');
      } catch (error) {
        this.#fail(error);
      }
      at = header.end;
      if (this.#earlyDue) this.#receiveEarly(now);
    }
    if (authentic && this.#keys?.isWearingOut === true) this.changeKeys(false, now);
    return authentic;
  }

  /**
   * CVE-2022-46393: once ids of ours are agreed on, each datagram must have one (RFC 9147 4), and none but ours is one. It may be
   * left out in records that follow.
   */
  #isNamed({ offset, idLength }: UnifiedHeader, datagram: Uint8Array, follows: boolean): boolean {
    if (idLength === 0) return follows || !this.#ids.areExpected;
    return this.#ids.isOwn(datagram.subarray(offset + 1, offset + 1 + idLength));
  }

  #onPlainRecord(type: number, fragment: Uint8Array, now: number): void {
    // CVE-2020-24585: application data without protection is never handed up; nor are ACKs that anybody could send.
    if (type === CONTENT_TYPE.handshake && this.#state === 'handshaking') {
      this.#intake.take(fragment, EPOCH.plain, now);
    } else if (type === CONTENT_TYPE.alert) this.#onPlainAlert(fragment, now);
    else this.#drop('unexpected');
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
    if (this.#state === 'established') this.#events.push({ type: 'hint' });
    else this.#alert ??= { error: new DtlsAlertError(number, alertName(number)), countsAt: now + ALERT_GRACE_MS };
  }

  #onProtectedRecord(header: UnifiedHeader, datagram: Uint8Array, now: number): boolean {
    const epoch = this.#reads.withBits(header.epochBits);
    if (epoch === undefined) {
      // RFC 9147 5.8.1: what came before the messages that make its keys waits for them.
      const waits = this.#state === 'handshaking' && header.epochBits >= EPOCH.handshake;
      if (!waits) this.#drop('unexpected');
      else if (!this.#early.keep(datagram.subarray(header.offset, header.end))) this.#drop('overflow');
      return false;
    }
    const record = epoch.open(header, datagram);
    if (typeof record === 'string') {
      this.#drop(record);
      return false;
    }
    this.#budget = undefined; // who has our keys receives what we send
    const { type, content, sequence } = record;
    this.#path.authenticated({ epoch: epoch.epoch, sequence });
    if (type === CONTENT_TYPE.handshake) this.#onHandshakeRecord({ epoch: epoch.epoch, sequence }, content, now);
    else if (type === CONTENT_TYPE.ack) this.#onAck(content, now);
    else if (type === CONTENT_TYPE.alert) this.#onProtectedAlert(content);
    else if (type === CONTENT_TYPE.returnRoutabilityCheck) this.#onPathMessage(content);
    else if (type === CONTENT_TYPE.applicationData && epoch.epoch >= EPOCH.application) {
      if (content.length > 0) this.#events.push({ type: 'data', data: content });
      this.#wasAsked = true;
    } else this.#drop('unexpected');
    return true;
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

  #onProtectedAlert(content: Uint8Array): void {
    const alert = readAlert(content);
    if (alert === undefined) this.#drop('malformed');
    else if (alert.alert === ALERT.close_notify) this.#end(undefined, ALERT.close_notify);
    // RFC 8446 6: the level says nothing; user_canceled comes before close_notify.
    else if (alert.alert !== ALERT.user_canceled) this.#end(new DtlsAlertError(alert.alert, alertName(alert.alert)));
  }

  #onHandshakeRecord(number: RecordNumber, content: Uint8Array, now: number): void {
    const wasHandshaking = this.#state === 'handshaking';
    const next = this.#intake.next;
    if (wasHandshaking) {
      // RFC 9147 7.1: the peer's next flight has begun, so it has all of ours.
      this.#outbox.flight?.finish();
      this.#timer.stop();
      this.#alert = undefined;
    }
    // RFC 9147 7: what has been dropped is not acknowledged.
    if (!this.#intake.take(content, number.epoch, now)) return;
    if (this.#role === 'client' && !wasHandshaking && number.epoch === EPOCH.handshake) {
      // RFC 9147 5.8.1: the server repeats its flight because it has nothing of ours.
      this.#repeatFlight(now);
      return;
    }
    if (this.#role === 'client' && wasHandshaking && this.#state === 'established') return; // our flight says it
    this.#acks.note(number);
    const isRepeat = this.#intake.next === next;
    if (wasHandshaking) this.#acks.expectMore(now);
    // RFC 9147 5.8.1: a last flight that comes again has not been acknowledged, or not so that the client heard it.
    else if (number.epoch > EPOCH.handshake || isRepeat) this.#acks.demand();
  }

  #onAck(content: Uint8Array, now: number): void {
    const { flight, update, newIds } = this.#outbox;
    let numbers: readonly RecordNumber[];
    try {
      numbers = readAck(content);
    } catch {
      this.#drop('malformed');
      return;
    }
    if (flight?.acknowledge(numbers) && !flight.isDone) this.#repeatFlight(now);
    if (this.#role === 'client' && flight?.isDone && this.#state === 'established') this.#handshakeDeadline = undefined;
    update?.acknowledge(numbers);
    if (update?.isDone) {
      this.#outbox.update = undefined;
      this.#outbox.writer = this.#keys!.finish();
    }
    newIds?.acknowledge(numbers);
    if (newIds?.isDone) this.#outbox.newIds = undefined;
    const isWaiting = [flight, this.#outbox.update, newIds].some((one) => one !== undefined && !one.isDone);
    if (!isWaiting) this.#timer.stop();
  }

  #onMessage(message: HandshakeMessage, epoch: number, now: number): void {
    if (epoch <= EPOCH.handshake) {
      if (this.#handshake === undefined) throw unexpected(message);
      this.#handshake.onMessage(message, now);
    } else if (message.type === HANDSHAKE_TYPE.keyUpdate) {
      const { read, wantsAnswer } = this.#keys!.onKeyUpdate(message.body, epoch);
      this.#reads.add(read);
      this.#retireAt = now + RETENTION_MS;
      if (wantsAnswer) this.changeKeys(false, now);
    } else if (message.type === HANDSHAKE_TYPE.newConnectionId) this.#onNewConnectionId(message);
    else if (message.type === HANDSHAKE_TYPE.requestConnectionId) this.#onRequestConnectionId(message, now);
    else if (!(message.type === HANDSHAKE_TYPE.newSessionTicket && this.#role === 'client')) {
      // RFC 8446 4.6: a client may do nothing with a ticket; other messages have not been asked for.
      throw unexpected(message);
    }
  }

  /** RFC 9147 9: of spare ids none is kept, as we use one at a time. */
  #onNewConnectionId(message: HandshakeMessage): void {
    if (this.#ids.sent.length === 0) throw unexpected(message);
    const { ids, isImmediate } = readNewConnectionId(message.body);
    if (!isImmediate || ids.length === 0) return;
    this.#ids.change(ids[0]!);
    this.#limitPayload();
  }

  /** RFC 9147 9: there may be only one NewConnectionId under way; who asks meanwhile has broken a rule and gets none. */
  #onRequestConnectionId(message: HandshakeMessage, now: number): void {
    if (!this.#ids.areExpected) throw unexpected(message);
    const count = readRequestConnectionId(message.body);
    if (this.#outbox.newIds !== undefined) return;
    const body = writeNewConnectionId({ ids: this.#ids.more(count), isImmediate: false });
    const answer = this.#number(HANDSHAKE_TYPE.newConnectionId, body);
    this.#outbox.newIds = new AckedFlight([{ writer: this.#outbox.writer, message: answer }]);
    if (this.#timer.deadline === undefined) this.#timer.start(now);
  }

  /** Reads again what came too early; what is still too early is kept again. */
  #receiveEarly(now: number): void {
    this.#earlyDue = false;
    for (const record of this.#early.takeAll()) this.#receive(record, now);
  }

  #intakeOwner(): ConstructorParameters<typeof MessageIntake>[2] {
    const isOpen = () => this.#state !== 'closed';
    const awaitsPlain = () => this.#handshake?.awaitsPlain === true;
    return {
      get isOpen() {
        return isOpen();
      },
      get awaitsPlain() {
        return awaitsPlain();
      },
      onMessage: (message, epoch, now) => this.#onMessage(message, epoch, now),
      onPlainRepeat: (fragment, now) => this.#handshake?.onPlainRepeat(fragment, now),
      onDrop: (reason) => this.#drop(reason),
    };
  }

  #host(): HandshakeHost13 {
    const { crypto, randomBytes, groups, cipherSuites, recordSizeLimit, maxDatagram, keyLog } = this.#config;
    return {
      ...{ crypto, randomBytes, groups, cipherSuites, recordSizeLimit, maxDatagram, ids: this.#ids },
      sendFlight: (messages, now) => this.#sendFlight(messages, now),
      repeatFlight: (now) => this.#repeatFlight(now),
      expectAgain: (seq) => this.#intake.restart(seq),
      protectHandshake: (keys) => this.#protectHandshake(keys),
      limitRecords: ({ send, receive }) => {
        if (send !== undefined) this.#outbox.maxContent = send;
        this.#receiveLimit = receive;
      },
      established: (suite, group, secrets, now) => this.#establish(suite, group, secrets, now),
      keyLog: (lines) => {
        for (const line of lines) keyLog?.(line);
      },
      askAboutCertificate: (chain) => this.#events.push({ type: 'peerCertificate', chain }),
      askAboutRawKey: (spki) => this.#events.push({ type: 'peerRawKey', spki }),
    };
  }

  #number(type: number, body: Uint8Array): HandshakeMessage {
    return handshakeMessage(type, this.#nextSeq++, body);
  }

  #sendFlight(messages: readonly MessageToSend[], now: number): readonly HandshakeMessage[] {
    const numbered = messages.map(({ type, body }) => this.#number(type, body));
    const writerOf = (epoch: number) => (epoch === EPOCH.plain ? this.#plainWriter : this.#handshakeWriter);
    this.#outbox.flight = new AckedFlight(
      numbered.map((message, index) => ({ writer: writerOf(messages[index]!.epoch), message })),
    );
    this.#repeats = 0;
    this.#unanswered = 0;
    this.#alert = undefined;
    this.#acks.clear();
    // Towards an address that is not validated only the client's repetition gives leave to repeat.
    if (this.#budget === undefined) this.#timer.start(now);
    return numbered;
  }

  #repeatFlight(now: number): void {
    const { flight } = this.#outbox;
    if (flight === undefined || flight.isDone || this.#repeats >= MAX_REPEATS) return;
    this.#repeats += 1;
    flight.rewind();
    if (this.#budget === undefined) this.#timer.restart(now);
  }

  #protectHandshake({ read, write }: EpochKeys): void {
    this.#reads.add(new ReadEpoch13(EPOCH.handshake, read, this.#innerLimit, this.#ids.length));
    this.#handshakeWriter = new WriteEpoch13(EPOCH.handshake, write, 0, this.#ids);
    this.#outbox.writer = this.#handshakeWriter;
    this.#earlyDue = true;
  }

  #establish(suite: CipherSuite13, group: GroupName, { client, server }: TrafficSecrets, now: number): void {
    const [read, write] = this.#role === 'client' ? [server, client] : [client, server];
    this.#keys = new KeyChanges(this.#config.crypto, suite, { read, write }, this.#innerLimit, this.#ids);
    this.#reads.add(this.#keys.read);
    this.#outbox.writer = this.#keys.write;
    this.#state = 'established';
    this.#handshake = undefined;
    this.#alert = undefined;
    this.#retireAt = now + RETENTION_MS;
    if (this.#role === 'server') {
      this.#handshakeDeadline = undefined;
      this.#acks.ride(now);
    }
    this.#limitPayload();
    this.#earlyDue = true;
    this.#events.push({ type: 'connected', version: 'DTLS 1.3', cipherSuite: suite.name, group });
  }

  #limitPayload(): void {
    const payload = payload13(this.#config.maxDatagram, this.#ids.sent.length);
    this.#maxPayload = Math.min(payload, this.#outbox.maxContent);
    this.#config.drops.overflow += this.#outbox.open(this.#maxPayload);
  }

  get #innerLimit(): number {
    return (this.#receiveLimit ?? MAX_PLAINTEXT) + 1;
  }

  /** Ends the association because of what was thrown; what is no `DtlsError` is a fault of ours and goes on up. */
  #fail(error: unknown): void {
    if (!(error instanceof DtlsError)) throw error;
    this.#end(error, alertFor(error));
  }

  #end(error: DtlsError | undefined, alert?: number): void {
    if (this.#state === 'closed') return;
    this.#acks.clear();
    this.#outbox.end(alert);
    this.#state = 'closed';
    this.#timer.stop();
    this.#handshakeDeadline = undefined;
    this.#retireAt = undefined;
    this.#path.end();
    this.#alert = undefined;
    this.#handshake = undefined;
    this.#events.push({ type: 'closed', error });
  }

  #drop(reason: DropReason): void {
    this.#config.drops[reason] += 1;
  }
}

/** The most data that a datagram with a connection id of so many bytes carries. */
function payload13(maxDatagram: number, idLength = 0): number {
  return Math.min(maxDatagram - overhead13(true, TAG_LENGTH) - idLength, MAX_PLAINTEXT);
}

/** Of every AEAD of our suites. */
const TAG_LENGTH = 16;

function unexpected({ type }: HandshakeMessage): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}
