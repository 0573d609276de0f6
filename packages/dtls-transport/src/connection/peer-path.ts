import { Fifo } from '../fifo.ts';
import { readPathMessage, writePathMessage } from '../wire/path-message.ts';
import type { ConnectionConfig } from './connection-config.ts';
import { PathCheck } from './path-check.ts';

/** RFC 9147 5.1, RFC 9853: to an address that has not shown that it receives there goes at most so many times what came from it. */
const AMPLIFICATION = 3;

/** Messages of return routability checks that may wait; the oldest are dropped. */
const MAX_MESSAGES = 4;

/**
 * Where the peer of one association is, as far as that decides what we take and send: what is newest of what it has sent, and
 * whether it has shown that it receives where it has moved to (RFC 9146 6, RFC 9853).
 */
export class PeerPath {
  /** What return routability checks have to say, in records of their own. */
  readonly messages: Fifo<Uint8Array> = new Fifo<Uint8Array>();
  readonly #check: PathCheck;
  /** The number of the newest record. */
  #newestEpoch = 0;
  #newestSequence = 0;
  #isNewest = false;
  #isElsewhere = false;
  /** Bytes that may be sent while the peer has not shown that it receives where it has moved to; `undefined`: as many as we like. */
  #leave: number | undefined;
  /** The same before it has shown that it receives where it began. */
  #firstLeave: number | undefined;

  /** `isValidated`: the peer has shown that it receives where it begins, or we have chosen it. */
  constructor(config: Pick<ConnectionConfig, 'crypto' | 'randomBytes'>, isValidated: boolean) {
    this.#check = new PathCheck(config);
    this.#firstLeave = isValidated ? undefined : 0;
  }

  /** A datagram has come: from another address than the peer's, with `isElsewhere`. */
  receive(length: number, isElsewhere: boolean): void {
    this.#isNewest = false;
    this.#isElsewhere = isElsewhere;
    if (isElsewhere) return;
    if (this.#leave !== undefined) this.#leave += AMPLIFICATION * length;
    if (this.#firstLeave !== undefined) this.#firstLeave += AMPLIFICATION * length;
  }

  /** A record of that datagram has authenticated. */
  authenticated(epoch: number, sequence: number): void {
    this.#firstLeave = undefined; // who has our keys receives what we send
    if (epoch < this.#newestEpoch || (epoch === this.#newestEpoch && sequence <= this.#newestSequence)) return;
    this.#newestEpoch = epoch;
    this.#newestSequence = sequence;
    this.#isNewest = true;
  }

  /** RFC 9146 6: the datagram holds an authentic record that is newer than all before it. */
  get isNewest(): boolean {
    return this.#isNewest;
  }

  /** The peer has shown that it receives where we send to, or has not moved. */
  get isValidated(): boolean {
    return this.#leave === undefined;
  }

  /** We may say something of our own accord: the peer has shown that it receives where it began. */
  get mayRepeat(): boolean {
    return this.#firstLeave === undefined;
  }

  /** Bytes that may be sent now. */
  get leave(): number {
    return Math.min(this.#leave ?? Number.POSITIVE_INFINITY, this.#firstLeave ?? Number.POSITIVE_INFINITY);
  }

  sent(length: number): void {
    if (this.#leave !== undefined) this.#leave -= length;
    if (this.#firstLeave !== undefined) this.#firstLeave -= length;
  }

  /**
   * We send to another address from now on, where `received` bytes have come from. With `checks` the peer is asked to show that
   * it receives there, unless it has shown that before.
   */
  moveTo(isValidated: boolean, received: number, checks: boolean, now: number): void {
    this.#settle();
    if (isValidated) return;
    this.#leave = AMPLIFICATION * received;
    if (checks) this.#push(this.#check.begin(now));
  }

  get deadline(): number | undefined {
    return this.#check.deadline;
  }

  /** `pathFailed`: the peer has not shown that it receives there, so we send where we did before. */
  handleTimeout(now: number): 'pathFailed' | undefined {
    const challenge = this.#check.handleTimeout(now);
    if (challenge === 'failed') {
      this.#settle();
      return 'pathFailed';
    }
    if (challenge !== undefined) this.#push(challenge);
    return undefined;
  }

  /** An authentic message of a return routability check. */
  onMessage(content: Uint8Array): 'pathValidated' | 'malformed' | undefined {
    const message = readPathMessage(content);
    if (message === undefined) return 'malformed';
    const { type, cookie } = message;
    if (type === 'challenge') this.#push(writePathMessage({ type: 'response', cookie }));
    // RFC 9853: the answer comes from the address that is checked. A `drop` answers checks of the kind that we do not begin.
    else if (type === 'response' && !this.#isElsewhere && this.#check.isAnswer(cookie)) {
      this.#settle();
      return 'pathValidated';
    }
    return undefined;
  }

  /** The association has ended. */
  end(): void {
    this.#settle();
    this.messages.clear();
  }

  #settle(): void {
    this.#check.stop();
    this.#leave = undefined;
  }

  #push(message: Uint8Array): void {
    if (this.messages.length >= MAX_MESSAGES) this.messages.take();
    this.messages.push(message);
  }
}
