import type { GroupName } from '../crypto/provider.ts';
import type { DropReason } from '../drops.ts';
import { DtlsAlertError, DtlsError, DtlsRefusedError, DtlsTimeoutError } from '../errors.ts';
import { Fifo } from '../fifo.ts';
import type { CipherSuiteName } from '../handshake/cipher-suites.ts';
import { ALERT, alertName, readAlert } from '../wire/alert.ts';
import { alertFor } from './alert-for.ts';
import type { ConnectionConfig } from './connection-config.ts';
import type { ConnectionEvent, DtlsVersion } from './connection-event.ts';
import { ConnectionIds } from './connection-ids.ts';
import { EarlyRecords } from './early-records.ts';
import { PeerPath } from './peer-path.ts';
import { RetransmitTimer } from './retransmit-timer.ts';

/** How long a handshake goes on after a fatal alert in the clear: an honest peer has nothing more to say, a forger's victim has. */
export const ALERT_GRACE_MS = 500;

/** What an association has to say, in the order in which it goes out. */
interface Speech {
  readonly pending: boolean;
  push(data: Uint8Array): void;
  pushHeld(data: Uint8Array): boolean;
  write(out: Uint8Array, limit: number): number;
}

/** Where a record stands in its datagram; `Header` of a version says more of it. */
interface Ends {
  readonly end: number;
}

/**
 * One association, of either role: what is the same in all versions. It takes datagrams apart, has the life of an association with
 * its deadlines, alerts and events, and sends what its outbox holds. Records and handshake are the versions' own.
 */
export abstract class Connection<Header extends Ends = Ends> {
  protected readonly config: Omit<ConnectionConfig, 'cipherSuites'>;
  protected readonly ids: ConnectionIds;
  protected readonly path: PeerPath;
  protected readonly timer: RetransmitTimer;
  protected readonly early: EarlyRecords = new EarlyRecords();
  protected readonly events: Fifo<ConnectionEvent> = new Fifo<ConnectionEvent>();
  protected abstract readonly outbox: Speech;
  /** When the handshake is given up; `undefined` when it has nothing more to wait for. */
  protected handshakeDeadline: number | undefined;
  /** The most data that one `send` takes. */
  protected payload: number;
  #state: 'handshaking' | 'established' | 'closed' = 'handshaking';
  /** A fatal alert in the clear, and when it counts unless the peer goes on. */
  #alert: { readonly error: DtlsAlertError; readonly countsAt: number } | undefined;
  /** Something has changed for the records that came too early. */
  #earlyDue = false;
  /** What is to be said next may not go to the peer's address yet. */
  #isBlocked = false;

  /**
   * `isValidated`: the peer has shown that it receives at its address, or we have chosen it. `adapts`: flights are repeated by the round
   * trip once it is known.
   */
  constructor(
    config: Omit<ConnectionConfig, 'cipherSuites'>,
    payload: number,
    { isValidated, adapts }: { readonly isValidated: boolean; readonly adapts: boolean },
    now: number,
  ) {
    this.config = config;
    this.ids = new ConnectionIds(config.connectionId);
    this.timer = new RetransmitTimer(config.retransmissionTimeout, adapts);
    this.path = new PeerPath(config, isValidated);
    this.payload = payload;
    this.handshakeDeadline = now + config.handshakeTimeout;
  }

  get state(): 'handshaking' | 'established' | 'closed' {
    return this.#state;
  }

  /** The most data that one `send` takes, in bytes. It changes with the end of the handshake, and in 1.3 when the peer's ids get longer. */
  get maxPayload(): number {
    return this.payload;
  }

  /** The last round trip of the handshake that was measured, in milliseconds, with what the peer needed for its answer. */
  get roundTrip(): number | undefined {
    return this.timer.roundTrip;
  }

  /** Takes a datagram; true when something in it has authenticated. `isElsewhere`: it came from another address than the peer's. */
  receive(datagram: Uint8Array, now: number, isElsewhere = false): boolean {
    this.path.receive(datagram.length, isElsewhere);
    this.#isBlocked = false;
    return this.#receive(datagram, now);
  }

  /** RFC 9146 6: what was received last holds an authentic record that is newer than all before it. */
  get isNewest(): boolean {
    return this.path.isNewest;
  }

  /**
   * We send to another address from now on, where so many bytes have come from. `isValidated`: the peer has shown before
   * that it receives there; else it gets three times that until it has shown it (RFC 9853).
   */
  moveTo(isValidated: boolean, received: number, now: number): void {
    this.#isBlocked = false;
    this.path.moveTo(isValidated, received, this.ids.checksPaths, now);
  }

  handleTimeout(now: number): void {
    if (this.#alert !== undefined && now >= this.#alert.countsAt) {
      this.end(this.#alert.error);
    } else if (this.handshakeDeadline !== undefined && now >= this.handshakeDeadline) {
      this.end(new DtlsTimeoutError('handshake', this.config.handshakeTimeout));
    } else {
      const failed = this.path.handleTimeout(now);
      if (failed !== undefined) this.#endMove(failed);
      this.onTime(now);
    }
  }

  pollTimeout(): number | undefined {
    const first = Math.min(
      this.handshakeDeadline ?? NEVER,
      this.timer.deadline ?? NEVER,
      this.#alert?.countsAt ?? NEVER,
      this.path.deadline ?? NEVER,
      this.ownDeadline ?? NEVER,
    );
    return first === NEVER ? undefined : first;
  }

  /** Writes the next datagram to `out`; returns its length, 0 when there is none. */
  pollTransmit(out: Uint8Array): number {
    try {
      const length = this.outbox.write(out, Math.min(this.config.maxDatagram, this.path.leave));
      this.path.sent(length);
      this.#isBlocked = length === 0;
      return length;
    } catch (error) {
      this.#fail(error);
      return 0;
    }
  }

  get hasTransmit(): boolean {
    return this.outbox.pending && !this.#isBlocked;
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.events.take();
  }

  /** Sends data once the handshake is done. The bytes are ours until they have been transmitted. */
  send(data: Uint8Array): void {
    if (this.#state === 'closed') throw new DtlsRefusedError('closed', 'the association has ended');
    if (data.length > this.payload) {
      throw new DtlsRefusedError('too-large', `${data.length} bytes, but a datagram takes ${this.payload}`);
    }
    // What may not go to an unvalidated address now goes later, or is lost as a datagram may be.
    if (!this.path.isValidated && this.#state === 'established') {
      if (!this.outbox.pushHeld(data)) this.drop('overflow');
    } else this.outbox.push(data);
  }

  /** Runs a command that may fail the association. */
  run(command: () => void, now: number): void {
    try {
      command();
    } catch (error) {
      this.#fail(error);
    }
    this.#receiveEarly(now);
  }

  /** Ends the association and tells the peer (RFC 5246 7.2.1, RFC 8446 6.1). */
  close(): void {
    this.end(undefined, ALERT.close_notify);
  }

  /** Ends the association because of a bound or of a newer one; `alert` tells the peer. */
  abandon(error: DtlsError, alert?: number): void {
    this.end(error, alert);
  }

  /** The record at `at`, or `undefined` when none stands there. */
  protected abstract readHeader(datagram: Uint8Array, at: number): Header | undefined;

  /** Takes a record; true when it has authenticated. It throws `DtlsError` for what ends the association. */
  protected abstract onRecord(header: Header, datagram: Uint8Array, at: number, now: number): boolean;

  /** Time has passed while the association goes on. */
  protected abstract onTime(now: number): void;

  /** When `onTime` has something to do besides what it does with `timer`. */
  protected abstract readonly ownDeadline: number | undefined;

  /** Leaves nothing to say but perhaps an alert, and lets go of the rest. */
  protected abstract onEnd(alert: number | undefined): void;

  /** The records that came too early may be readable now. */
  protected earlyMayBeReadable(): void {
    this.#earlyDue = true;
  }

  /** What anybody can send: it ends a handshake that does not go on, and of an association it is only a hint. True when it is new. */
  protected onPlainAlert(fragment: Uint8Array, now: number): boolean {
    const alert = readAlert(fragment);
    if (alert === undefined) {
      this.drop('malformed');
      return false;
    }
    const { fatal, alert: number } = alert;
    if (!fatal && number !== ALERT.close_notify) return false;
    if (this.#state === 'established') {
      this.events.push({ type: 'hint' });
      return false;
    }
    if (this.#alert !== undefined) return false;
    this.#alert = { error: new DtlsAlertError(number, alertName(number)), countsAt: now + ALERT_GRACE_MS };
    return true;
  }

  /** The handshake goes on, whatever an alert in the clear has said. */
  protected forgetAlert(): void {
    this.#alert = undefined;
  }

  /** `ends`: it ends the association, if it is no close_notify. */
  protected onProtectedAlert(
    content: Uint8Array,
    ends: (alert: { readonly fatal: boolean; readonly alert: number }) => boolean,
  ): void {
    const alert = readAlert(content);
    if (alert === undefined) this.drop('malformed');
    // RFC 5246 7.2.1, RFC 8446 6.1: we have nothing more to say either.
    else if (alert.alert === ALERT.close_notify) this.end(undefined, ALERT.close_notify);
    else if (ends(alert)) this.end(new DtlsAlertError(alert.alert, alertName(alert.alert)));
  }

  protected onPathMessage(content: Uint8Array): void {
    // RFC 9853 3: only where both sides have said that they take part.
    if (!this.ids.checksPaths || this.#state !== 'established') {
      this.drop('unexpected');
      return;
    }
    const result = this.path.onMessage(content);
    if (result === 'malformed') this.drop(result);
    else if (result !== undefined) this.#endMove(result);
  }

  /** The handshake is complete on our side. */
  protected establish(version: DtlsVersion, cipherSuite: CipherSuiteName, group: GroupName | undefined): void {
    this.#state = 'established';
    this.#alert = undefined;
    this.#earlyDue = true;
    this.events.push({ type: 'connected', version, cipherSuite, group });
  }

  protected end(error: DtlsError | undefined, alert?: number): void {
    if (this.#state === 'closed') return;
    this.onEnd(alert);
    this.path.end();
    this.#state = 'closed';
    this.timer.stop();
    this.handshakeDeadline = undefined;
    this.#alert = undefined;
    this.events.push({ type: 'closed', error });
  }

  protected drop(reason: DropReason): void {
    this.config.drops[reason] += 1;
  }

  /** RFC 6347 4.1.1: a datagram holds whole records, one after the other. */
  #receive(datagram: Uint8Array, now: number): boolean {
    let authentic = false;
    for (let at = 0; at < datagram.length && this.#state !== 'closed'; ) {
      const header = this.readHeader(datagram, at);
      if (header === undefined) {
        this.drop('malformed');
        break;
      }
      try {
        if (this.onRecord(header, datagram, at, now)) authentic = true;
      } catch (error) {
        this.#fail(error);
      }
      at = header.end;
      this.#receiveEarly(now);
    }
    return authentic;
  }

  /** Reads again what came too early; what is still too early is kept again. */
  #receiveEarly(now: number): void {
    if (!this.#earlyDue) return;
    this.#earlyDue = false;
    for (const record of this.early.takeAll()) this.#receive(record, now);
  }

  #endMove(type: 'pathValidated' | 'pathFailed'): void {
    this.#isBlocked = false;
    this.events.push({ type });
  }

  /** Ends the association because of what was thrown; what is no `DtlsError` is a fault of ours and goes on up. */
  #fail(error: unknown): void {
    if (!(error instanceof DtlsError)) throw error;
    this.end(error, alertFor(error));
  }
}

const NEVER = Number.POSITIVE_INFINITY;
