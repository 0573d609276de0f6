import type { GroupName } from '../crypto/provider.ts';
import type { CipherSuite13 } from '../handshake/cipher-suites-13.ts';
import {
  EPOCH,
  type EpochKeys,
  type Handshake13,
  type HandshakeHost13,
  type MessageToSend,
} from '../handshake/handshake-13.ts';
import type { TrafficSecrets } from '../handshake/key-schedule-13.ts';
import { PlainWriter } from '../record/plain-writer.ts';
import { ReadEpoch13 } from '../record/read-epoch-13.ts';
import { ReadEpochs13 } from '../record/read-epochs-13.ts';
import { type RecordWriter, WriteEpoch13 } from '../record/write-epoch-13.ts';
import { type RecordNumber, readAck } from '../wire/ack.ts';
import { ALERT } from '../wire/alert.ts';
import type { HandshakeMessage } from '../wire/handshake-message.ts';
import { CONTENT_TYPE, MAX_PLAINTEXT, type RecordHeader, readRecordHeader } from '../wire/record.ts';
import { isUnified, readUnifiedHeader, type UnifiedHeader } from '../wire/unified-header.ts';
import { AckSchedule } from './ack-schedule.ts';
import { AfterHandshake13, unexpected } from './after-handshake-13.ts';
import { ALERT_GRACE_MS, Connection } from './connection.ts';
import { type Connection13Config, type FirstNumbers, payload13, USUAL_ID } from './connection-config.ts';
import { Flights13 } from './flights-13.ts';
import { KeyChanges } from './key-changes.ts';
import { MessageIntake } from './message-intake.ts';
import { Outbox13 } from './outbox-13.ts';

/**
 * One association of DTLS 1.3 (RFC 9147), of either role: records, epochs, flights with their ACKs. What is said in the handshake is
 * the business of a `Handshake13`.
 */
export class Connection13 extends Connection<UnifiedHeader | RecordHeader> {
  protected readonly outbox: Outbox13;
  readonly #role: 'client' | 'server';
  readonly #cipherSuites: Connection13Config['cipherSuites'];
  readonly #plainWriter: RecordWriter;
  readonly #intake: MessageIntake;
  readonly #acks = new AckSchedule();
  readonly #flights: Flights13;
  readonly #reads = new ReadEpochs13();
  #handshake: Handshake13 | undefined;
  #handshakeWriter: RecordWriter;
  #after: AfterHandshake13 | undefined;
  #receiveLimit: number | undefined;
  /** Data has come since the last call. */
  #wasAsked = false;

  /** `isValidated`: the peer has shown that it receives at its address, or we have chosen it. */
  constructor(
    config: Connection13Config,
    role: 'client' | 'server',
    isValidated: boolean,
    now: number,
    startHandshake: (host: HandshakeHost13) => Handshake13,
    first: FirstNumbers = { recordSequence: 0, messageSeq: 0 },
  ) {
    const payload = payload13(config.maxDatagram, config.connectionId === undefined ? 0 : USUAL_ID);
    super(config, payload, { isValidated, adapts: true }, now);
    this.#role = role;
    this.#cipherSuites = config.cipherSuites;
    this.#plainWriter = new PlainWriter(first.recordSequence);
    this.#handshakeWriter = this.#plainWriter;
    this.#flights = new Flights13(this.timer, this.path, first.messageSeq);
    this.outbox = new Outbox13(this.#plainWriter, this.#flights, this.#acks, this.path.messages);
    this.#intake = new MessageIntake(config.maxReassemblyBytes, first.messageSeq, this.#intakeOwner());
    this.#handshake = startHandshake(this.#host());
  }

  /** The number of the next record in the clear. */
  get plainSequence(): number {
    return this.#plainWriter.nextSequence;
  }

  override receive(datagram: Uint8Array, now: number, isElsewhere = false): boolean {
    const authentic = super.receive(datagram, now, isElsewhere);
    if (authentic) this.#after?.changeWornKeys(now);
    this.#acknowledgeUnlessAsked();
    return authentic;
  }

  override run(command: () => void, now: number): void {
    super.run(command, now);
    this.#acknowledgeUnlessAsked();
  }

  /** Data that waits for the end of the handshake, which goes on elsewhere. */
  takeWaiting(): readonly Uint8Array[] {
    return this.outbox.takeData();
  }

  /** Changes the keys that we send with, once the peer has acknowledged it. False before there are any, and while a change is under way. */
  changeKeys(wantsAnswer: boolean, now: number): boolean {
    return this.state === 'established' && (this.#after?.changeKeys(wantsAnswer, now) ?? false);
  }

  protected onTime(now: number): void {
    this.#flights.handleTimeout(now);
    this.#acks.handleTimeout(now, this.state === 'handshaking');
    this.#reads.handleTimeout(now);
  }

  protected get ownDeadline(): number | undefined {
    const [ack, retirement] = [this.#acks.deadline, this.#reads.deadline];
    return ack === undefined || retirement === undefined ? (ack ?? retirement) : Math.min(ack, retirement);
  }

  /** RFC 9147 4.1: the first byte tells what kind of record it is. */
  protected readHeader(datagram: Uint8Array, at: number): UnifiedHeader | RecordHeader | undefined {
    return isUnified(datagram[at]!) ? readUnifiedHeader(datagram, at, this.ids.length) : readRecordHeader(datagram, at);
  }

  protected onRecord(header: UnifiedHeader | RecordHeader, datagram: Uint8Array, at: number, now: number): boolean {
    if ('epochBits' in header) {
      if (this.#isNamed(header, datagram, at > 0)) return this.#onProtectedRecord(header, datagram, now);
      this.drop('unexpected');
    } else if (header.epoch === EPOCH.plain) {
      this.#onPlainRecord(header.type, datagram.subarray(header.start, header.end), now);
    } else this.drop('unexpected');
    return false;
  }

  /** The last ACK waits for an answer to ride with only where the client has said something that may be answered. */
  #acknowledgeUnlessAsked(): void {
    if (this.#acks.mayRide && !this.#wasAsked) this.#acks.demand();
    this.#wasAsked = false;
  }

  /**
   * CVE-2022-46393: once ids of ours are agreed on, each datagram must have one (RFC 9147 4), and none but ours is one. It may be
   * left out in records that follow.
   */
  #isNamed({ offset, idLength }: UnifiedHeader, datagram: Uint8Array, follows: boolean): boolean {
    if (idLength === 0) return follows || !this.ids.areExpected;
    return this.ids.isOwn(datagram.subarray(offset + 1, offset + 1 + idLength));
  }

  #onPlainRecord(type: number, fragment: Uint8Array, now: number): void {
    // CVE-2020-24585: application data without protection is never handed up; nor are ACKs that anybody could send.
    if (type === CONTENT_TYPE.handshake && this.state === 'handshaking') {
      this.#intake.take(fragment, EPOCH.plain, now);
    } else if (type === CONTENT_TYPE.alert) {
      // What is said again at once would bring the same alert.
      if (this.onPlainAlert(fragment, now)) this.timer.defer(now + ALERT_GRACE_MS / 2);
    } else this.drop('unexpected');
  }

  #onProtectedRecord(header: UnifiedHeader, datagram: Uint8Array, now: number): boolean {
    const epoch = this.#reads.withBits(header.epochBits);
    if (epoch === undefined) {
      // RFC 9147 5.8.1: what came before the messages that make its keys waits for them.
      const waits = this.state === 'handshaking' && header.epochBits >= EPOCH.handshake;
      if (!waits) this.drop('unexpected');
      else if (!this.early.keep(datagram.subarray(header.offset, header.end))) this.drop('overflow');
      return false;
    }
    const record = epoch.open(header, datagram);
    if (typeof record === 'string') {
      this.drop(record);
      return false;
    }
    const { type, content, sequence } = record;
    this.path.authenticated(epoch.epoch, sequence);
    if (type === CONTENT_TYPE.handshake) this.#onHandshakeRecord({ epoch: epoch.epoch, sequence }, content, now);
    else if (type === CONTENT_TYPE.ack) this.#onAck(content, now);
    else if (type === CONTENT_TYPE.alert) {
      // RFC 8446 6: the level says nothing; user_canceled comes before close_notify.
      this.onProtectedAlert(content, ({ alert }) => alert !== ALERT.user_canceled);
    } else if (type === CONTENT_TYPE.returnRoutabilityCheck) this.onPathMessage(content);
    else if (type === CONTENT_TYPE.applicationData && epoch.epoch >= EPOCH.application) {
      if (content.length > 0) this.events.push({ type: 'data', data: content });
      this.#wasAsked = true;
    } else this.drop('unexpected');
    return true;
  }

  #onHandshakeRecord(number: RecordNumber, content: Uint8Array, now: number): void {
    const before: Connection['state'] = this.state;
    const wasHandshaking = before === 'handshaking';
    const next = this.#intake.next;
    if (wasHandshaking) {
      // RFC 9147 7.1: the peer's next flight has begun, so it has all of ours.
      this.#flights.finishHandshake(now);
      this.forgetAlert();
    }
    // RFC 9147 7: what has been dropped is not acknowledged.
    if (!this.#intake.take(content, number.epoch, now)) return;
    if (this.#role === 'client' && !wasHandshaking && number.epoch === EPOCH.handshake) {
      // RFC 9147 5.8.1: the server repeats its flight because it has nothing of ours.
      this.#flights.repeat(now);
      return;
    }
    if (this.#role === 'client' && wasHandshaking && this.state === 'established') return; // our flight says it
    this.#acks.note(number);
    const isRepeat = this.#intake.next === next;
    // RFC 9147 7.1: a quarter of the timer; where something is missing that was sent before, only until what comes right behind is there.
    if (this.state === 'handshaking') this.#acks.expectMore(now, this.timer.patience / (this.#intake.hasGap ? 16 : 4));
    // RFC 9147 5.8.1: a last flight that comes again has not been acknowledged, or not so that the client heard it.
    else if (!wasHandshaking && (number.epoch > EPOCH.handshake || isRepeat)) this.#acks.demand();
  }

  #onAck(content: Uint8Array, now: number): void {
    let numbers: readonly RecordNumber[];
    try {
      numbers = readAck(content);
    } catch {
      this.drop('malformed');
      return;
    }
    const arrived = this.#flights.acknowledge(numbers, now);
    if (this.#role === 'client' && arrived.handshake && this.state === 'established')
      this.handshakeDeadline = undefined;
    if (arrived.update) this.#after?.finishChange();
  }

  #onMessage(message: HandshakeMessage, epoch: number, now: number): void {
    if (epoch > EPOCH.handshake) this.#after!.onMessage(message, epoch, now);
    else if (this.#handshake === undefined) throw unexpected(message);
    else {
      if (epoch === EPOCH.plain && this.#role === 'client') this.timer.answering(now);
      this.#handshake.onMessage(message, now);
    }
  }

  #intakeOwner(): ConstructorParameters<typeof MessageIntake>[2] {
    return {
      isOpen: () => this.state !== 'closed',
      awaitsPlain: () => this.#handshake?.awaitsPlain === true,
      onMessage: (message, epoch, now) => this.#onMessage(message, epoch, now),
      onPlainRepeat: (fragment, now) => this.#handshake?.onPlainRepeat(fragment, now),
      onDrop: (reason) => this.drop(reason),
    };
  }

  #host(): HandshakeHost13 {
    const { crypto, randomBytes, groups, recordSizeLimit, maxDatagram, keyLog } = this.config;
    return {
      crypto,
      randomBytes,
      groups,
      cipherSuites: this.#cipherSuites,
      recordSizeLimit,
      maxDatagram,
      ids: this.ids,
      sendFlight: (messages, now) => this.#sendFlight(messages, now),
      repeatFlight: (now) => this.#flights.repeat(now),
      expectAgain: (seq) => this.#intake.restart(seq),
      protectHandshake: (keys) => this.#protectHandshake(keys),
      limitRecords: ({ send, receive }) => {
        if (send !== undefined) this.outbox.maxContent = send;
        this.#receiveLimit = receive;
      },
      established: (suite, group, secrets, now) => this.#establish(suite, group, secrets, now),
      keyLog: keyLog && ((lines) => lines.forEach(keyLog)),
      askAboutCertificate: (chain) => this.events.push({ type: 'peerCertificate', chain }),
      askAboutRawKey: (spki) => this.events.push({ type: 'peerRawKey', spki }),
      askForPsk: (identity) => this.events.push({ type: 'pskIdentity', identity }),
    };
  }

  #sendFlight(messages: readonly MessageToSend[], now: number): readonly HandshakeMessage[] {
    const parts = messages.map(({ epoch, type, body }) => ({
      writer: epoch === EPOCH.plain ? this.#plainWriter : this.#handshakeWriter,
      message: this.#flights.number(type, body),
    }));
    const isLast = this.#role === 'client' && messages.some(({ epoch }) => epoch !== EPOCH.plain);
    this.#flights.begin(parts, isLast, now);
    this.forgetAlert();
    this.#acks.clear();
    return parts.map(({ message }) => message);
  }

  #protectHandshake({ read, write }: EpochKeys): void {
    this.#reads.add(new ReadEpoch13(EPOCH.handshake, read, this.#innerLimit));
    this.#handshakeWriter = new WriteEpoch13(EPOCH.handshake, write, 0, this.ids, this.#longNumbers);
    this.outbox.writer = this.#handshakeWriter;
    this.earlyMayBeReadable();
  }

  #establish(
    suite: CipherSuite13,
    group: GroupName | undefined,
    { client, server }: TrafficSecrets,
    now: number,
  ): void {
    const [read, write] = this.#role === 'client' ? [server, client] : [client, server];
    const { crypto } = this.config;
    const keys = new KeyChanges(crypto, suite, { read, write }, this.#innerLimit, this.ids, this.#longNumbers);
    this.#after = new AfterHandshake13(keys, {
      role: this.#role,
      ids: this.ids,
      flights: this.#flights,
      readIn: (epoch, from) => this.#reads.succeed(epoch, from),
      speakIn: (writer) => {
        this.outbox.writer = writer;
      },
      onOtherId: () => this.#limitPayload(),
    });
    this.#reads.succeed(keys.read, now);
    this.outbox.writer = keys.write;
    this.#handshake = undefined;
    this.#handshakeWriter = this.#plainWriter; // what is to be repeated has its own
    if (this.#role === 'server') {
      this.handshakeDeadline = undefined;
      this.#acks.ride(now);
    } else this.#acks.finish();
    this.#limitPayload();
    this.establish('DTLS 1.3', suite.name, group);
  }

  #limitPayload(): void {
    const payload = payload13(this.config.maxDatagram, this.ids.sent.length);
    this.payload = Math.min(payload, this.outbox.maxContent);
    this.config.drops.overflow += this.outbox.open(this.payload);
  }

  /** Wireshark 4.4 does not decrypt records whose numbers have 8 bits. */
  get #longNumbers(): boolean {
    return this.config.keyLog !== undefined;
  }

  get #innerLimit(): number {
    return (this.#receiveLimit ?? MAX_PLAINTEXT) + 1;
  }

  protected onEnd(alert: number | undefined): void {
    this.#acks.clear();
    this.outbox.end(alert);
    this.#reads.clear();
    this.#handshake = undefined;
    this.#after = undefined;
  }
}
