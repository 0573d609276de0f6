import type { CryptoProvider } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import type { CipherSuite13 } from '../handshake/cipher-suites-13.ts';
import { EPOCH } from '../handshake/handshake-13.ts';
import { nextTrafficSecret } from '../handshake/key-schedule-13.ts';
import { ReadEpoch13 } from '../record/read-epoch-13.ts';
import { recordKeys13 } from '../record/record-keys-13.ts';
import { WriteEpoch13 } from '../record/write-epoch-13.ts';
import { ALERT } from '../wire/alert.ts';
import { readKeyUpdate, writeKeyUpdate } from '../wire/key-update.ts';
import type { ConnectionIds } from './connection-ids.ts';

/** The keys of application data of both directions, and how they change (RFC 9147 8, RFC 8446 7.2). */
export class KeyChanges {
  readonly #crypto: CryptoProvider;
  readonly #suite: CipherSuite13;
  readonly #innerLimit: number;
  readonly #ids: ConnectionIds;
  readonly #longNumbers: boolean;
  #readSecret: Uint8Array;
  #writeSecret: Uint8Array;
  #read: ReadEpoch13;
  #write: WriteEpoch13;
  #isChanging = false;

  /** `innerLimit` bounds what is in a record that we receive; with `longNumbers` all that we send have numbers of 16 bits. */
  constructor(
    crypto: CryptoProvider,
    suite: CipherSuite13,
    secrets: { readonly read: Uint8Array; readonly write: Uint8Array },
    innerLimit: number,
    ids: ConnectionIds,
    longNumbers: boolean,
  ) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#innerLimit = innerLimit;
    this.#ids = ids;
    this.#longNumbers = longNumbers;
    this.#readSecret = secrets.read;
    this.#writeSecret = secrets.write;
    this.#read = this.#readEpoch(EPOCH.application);
    this.#write = this.#writeEpoch(EPOCH.application);
  }

  get read(): ReadEpoch13 {
    return this.#read;
  }

  get write(): WriteEpoch13 {
    return this.#write;
  }

  /** Our KeyUpdate is under way. RFC 9147 8: there may be only one. */
  get isChanging(): boolean {
    return this.#isChanging;
  }

  /** RFC 9147 4.5.3 */
  get isWearingOut(): boolean {
    return this.#write.isWearingOut;
  }

  /** The body of our KeyUpdate. */
  begin(wantsAnswer: boolean): Uint8Array {
    this.#isChanging = true;
    return writeKeyUpdate(wantsAnswer);
  }

  /** RFC 9147 8: the peer has acknowledged it, so from now on the new keys are used. */
  finish(): WriteEpoch13 {
    this.#isChanging = false;
    this.#writeSecret = nextTrafficSecret(this.#crypto, this.#suite.hash, this.#writeSecret);
    this.#write = this.#writeEpoch(this.#write.epoch + 1);
    return this.#write;
  }

  /** The peer's KeyUpdate: what its next records are read with. Throws `DtlsPeerError` or `DtlsMalformedError`. */
  onKeyUpdate(body: Uint8Array, epoch: number): { readonly read: ReadEpoch13; readonly wantsAnswer: boolean } {
    const wantsAnswer = readKeyUpdate(body);
    if (epoch !== this.#read.epoch) {
      throw new DtlsPeerError('unexpected-message', ALERT.unexpected_message, 'a KeyUpdate came in an earlier epoch');
    }
    this.#readSecret = nextTrafficSecret(this.#crypto, this.#suite.hash, this.#readSecret);
    this.#read = this.#readEpoch(epoch + 1);
    return { read: this.#read, wantsAnswer };
  }

  #readEpoch(epoch: number): ReadEpoch13 {
    const keys = recordKeys13(this.#crypto, this.#suite, this.#readSecret);
    return new ReadEpoch13(epoch, keys, this.#innerLimit);
  }

  #writeEpoch(epoch: number): WriteEpoch13 {
    const keys = recordKeys13(this.#crypto, this.#suite, this.#writeSecret);
    return new WriteEpoch13(epoch, keys, 0, this.#ids, this.#longNumbers);
  }
}
