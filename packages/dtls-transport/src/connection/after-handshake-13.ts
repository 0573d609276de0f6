import { DtlsPeerError } from '../errors.ts';
import type { ReadEpoch13 } from '../record/read-epoch-13.ts';
import type { RecordWriter } from '../record/write-epoch-13.ts';
import { ALERT } from '../wire/alert.ts';
import { readNewConnectionId, readRequestConnectionId, writeNewConnectionId } from '../wire/connection-id.ts';
import { HANDSHAKE_TYPE, type HandshakeMessage } from '../wire/handshake-message.ts';
import type { ConnectionIds } from './connection-ids.ts';
import type { Flights13 } from './flights-13.ts';
import type { KeyChanges } from './key-changes.ts';

/** What the connection does with what comes of these messages. */
interface Owner {
  readonly role: 'client' | 'server';
  readonly ids: ConnectionIds;
  readonly flights: Flights13;
  /** The peer's next records may be in this epoch. */
  readIn(epoch: ReadEpoch13, now: number): void;
  /** What we say next is in this epoch. */
  speakIn(writer: RecordWriter): void;
  /** Our records have another connection id now. */
  onOtherId(): void;
}

/** What both sides may say once the handshake is done: changes of keys and of connection ids (RFC 9147 8, 9). */
export class AfterHandshake13 {
  readonly #keys: KeyChanges;
  readonly #owner: Owner;

  constructor(keys: KeyChanges, owner: Owner) {
    this.#keys = keys;
    this.#owner = owner;
  }

  /** A message of an epoch of application data. Throws `DtlsPeerError` for one that may not come. */
  onMessage(message: HandshakeMessage, epoch: number, now: number): void {
    if (message.type === HANDSHAKE_TYPE.keyUpdate) {
      const { read, wantsAnswer } = this.#keys.onKeyUpdate(message.body, epoch);
      this.#owner.readIn(read, now);
      if (wantsAnswer) this.changeKeys(false, now);
    } else if (message.type === HANDSHAKE_TYPE.newConnectionId) this.#onNewConnectionId(message);
    else if (message.type === HANDSHAKE_TYPE.requestConnectionId) this.#onRequestConnectionId(message, now);
    else if (!(message.type === HANDSHAKE_TYPE.newSessionTicket && this.#owner.role === 'client')) {
      // RFC 8446 4.6: a client may do nothing with a ticket; other messages have not been asked for.
      throw unexpected(message);
    }
  }

  /** Changes the keys that we send with, once the peer has acknowledged it. False while a change is under way. */
  changeKeys(wantsAnswer: boolean, now: number): boolean {
    if (this.#keys.isChanging) return false;
    const { flights } = this.#owner;
    const message = flights.number(HANDSHAKE_TYPE.keyUpdate, this.#keys.begin(wantsAnswer));
    flights.update({ writer: this.#keys.write, message }, now);
    return true;
  }

  /** RFC 9147 4.5.3: changes keys that have been used for long. */
  changeWornKeys(now: number): void {
    if (this.#keys.isWearingOut) this.changeKeys(false, now);
  }

  /** The peer has our KeyUpdate. */
  finishChange(): void {
    this.#owner.speakIn(this.#keys.finish());
  }

  /** RFC 9147 9: of spare ids none is kept, as we use one at a time. */
  #onNewConnectionId(message: HandshakeMessage): void {
    if (this.#owner.ids.sent.length === 0) throw unexpected(message);
    const { ids, isImmediate } = readNewConnectionId(message.body);
    if (!isImmediate || ids.length === 0) return;
    this.#owner.ids.change(ids[0]!);
    this.#owner.onOtherId();
  }

  /** RFC 9147 9: there may be only one NewConnectionId under way; who asks meanwhile has broken a rule and gets none. */
  #onRequestConnectionId(message: HandshakeMessage, now: number): void {
    const { ids, flights } = this.#owner;
    if (!ids.areExpected) throw unexpected(message);
    const count = readRequestConnectionId(message.body);
    if (flights.hasNewIds) return;
    const body = writeNewConnectionId({ ids: ids.more(count), isImmediate: false });
    flights.newIds({ writer: this.#keys.write, message: flights.number(HANDSHAKE_TYPE.newConnectionId, body) }, now);
  }
}

/** The peer may not say this. */
export function unexpected({ type }: HandshakeMessage): DtlsPeerError {
  return new DtlsPeerError('unexpected-message', ALERT.unexpected_message, `unexpected message of type ${type}`);
}
