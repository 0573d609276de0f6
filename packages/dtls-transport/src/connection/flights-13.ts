import { AckedFlight, type AckedPart, type FlightRecord } from '../handshake/acked-flight.ts';
import type { RecordWriter } from '../record/write-epoch-13.ts';
import type { RecordNumber } from '../wire/ack.ts';
import { type HandshakeMessage, handshakeMessage } from '../wire/handshake-message.ts';
import { ACK_DELAY_MS } from './ack-schedule.ts';
import type { PeerPath } from './peer-path.ts';
import type { RetransmitTimer } from './retransmit-timer.ts';

/** How often a peer can make us repeat one flight, beside the timer: what we send for it stays bounded. */
const MAX_REPEATS = 10;

/** What one association of DTLS 1.3 repeats until it is acknowledged (RFC 9147 5.8): the flight of the handshake, and later messages. */
export class Flights13 {
  readonly #timer: RetransmitTimer;
  readonly #path: Pick<PeerPath, 'mayRepeat'>;
  #nextSeq: number;
  #handshake: AckedFlight | undefined;
  /** A KeyUpdate. */
  #update: AckedFlight | undefined;
  /** A NewConnectionId. */
  #newIds: AckedFlight | undefined;
  #repeats = 0;

  /** Towards a `path` where nobody has shown to receive, only the client's repetition gives leave to repeat. */
  constructor(timer: RetransmitTimer, path: Pick<PeerPath, 'mayRepeat'>, firstSeq: number) {
    this.#timer = timer;
    this.#path = path;
    this.#nextSeq = firstSeq;
  }

  get pending(): boolean {
    return this.isHandshakePending || this.#update?.pending === true || this.#newIds?.pending === true;
  }

  /** The handshake's flight has something left to write. */
  get isHandshakePending(): boolean {
    return this.#handshake?.pending === true;
  }

  /** A NewConnectionId is under way. */
  get hasNewIds(): boolean {
    return this.#newIds !== undefined;
  }

  /** The next record; `roomFor` says how much content one of an epoch may have. `undefined` when the room is too small. */
  next(roomFor: (writer: RecordWriter) => number): FlightRecord | undefined {
    return this.#handshake?.next(roomFor) ?? this.#update?.next(roomFor) ?? this.#newIds?.next(roomFor);
  }

  /** A message with the next number. */
  number(type: number, body: Uint8Array): HandshakeMessage {
    return handshakeMessage(type, this.#nextSeq++, body);
  }

  /**
   * The handshake's next flight: the peer's has arrived, so ours before it has too. With `isLast` no flight answers it but an ACK,
   * which may wait for data to ride with.
   */
  begin(parts: readonly AckedPart[], isLast: boolean, now: number): void {
    this.#handshake = new AckedFlight(parts);
    this.#repeats = 0;
    this.#timer.answered(now);
    if (this.#path.mayRepeat) this.#timer.start(now, isLast ? ACK_DELAY_MS : 0);
    else this.#timer.watch(now);
  }

  /** Sends the handshake's flight once more because the peer asks for it; within a bound. */
  repeat(now: number): void {
    if (this.#handshake === undefined || this.#repeats >= MAX_REPEATS) return;
    this.#repeats += 1;
    this.#handshake.rewind();
    if (this.#path.mayRepeat) this.#timer.restart(now);
  }

  update(message: AckedPart, now: number): void {
    this.#update = new AckedFlight([message]);
    if (this.#timer.deadline === undefined) this.#timer.startAnew(now);
  }

  newIds(message: AckedPart, now: number): void {
    this.#newIds = new AckedFlight([message]);
    if (this.#timer.deadline === undefined) this.#timer.startAnew(now);
  }

  /** The timer's deadline may have passed. */
  handleTimeout(now: number): void {
    if (this.#timer.deadline === undefined || now < this.#timer.deadline) return;
    for (const flight of [this.#handshake, this.#update, this.#newIds]) flight?.rewind();
    this.#timer.backOff(now);
  }

  /** RFC 9147 7.1: the peer's next flight has begun, so it has all of ours. */
  finishHandshake(now: number): void {
    this.#handshake = undefined;
    this.#timer.answered(now);
  }

  /** The peer has these records: says what has arrived as a whole. */
  acknowledge(
    numbers: readonly RecordNumber[],
    now: number,
  ): { readonly handshake: boolean; readonly update: boolean } {
    // RFC 9147 7.2: what is missing goes out again at once.
    if (this.#handshake?.acknowledge(numbers) && !this.#handshake.isDone) this.repeat(now);
    this.#update?.acknowledge(numbers);
    this.#newIds?.acknowledge(numbers);
    const arrived = { handshake: this.#handshake?.isDone !== false, update: this.#update?.isDone === true };
    if (arrived.handshake) this.#handshake = undefined;
    if (arrived.update) this.#update = undefined;
    if (this.#newIds?.isDone) this.#newIds = undefined;
    if ((this.#handshake ?? this.#update ?? this.#newIds) === undefined) this.#timer.stop();
    return arrived;
  }

  /** The association has ended. */
  clear(): void {
    this.#handshake = undefined;
    this.#update = undefined;
    this.#newIds = undefined;
  }
}
