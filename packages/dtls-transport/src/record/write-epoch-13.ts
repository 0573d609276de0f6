import type { SentId } from '../connection/connection-ids.ts';
import { AEAD_PARAMETERS } from '../crypto/aead-parameters.ts';
import { SAMPLE_LENGTH } from '../crypto/record-number-mask.ts';
import { DtlsRefusedError } from '../errors.ts';
import { writeUnifiedHeader } from '../wire/unified-header.ts';
import { writeInnerPlaintext } from './inner-plaintext.ts';
import type { RecordKeys13 } from './record-keys-13.ts';

/** RFC 9147 4.2.1: a sequence number has 48 bits and must not wrap. */
const MAX_SEQUENCE = 2 ** 48;

/** Of so many records one says 16 bits of its number, so that a peer that has lost more than 8 bits can tell finds back. */
const LONG_NUMBER_EVERY = 32;

/** Records that are left for the change of keys once a key wears out. */
const MARGIN = 2 ** 16;

/** What a sender of records is to an outbox, whatever the version. */
export interface RecordWriter {
  readonly epoch: number;
  /** The number of the next record. */
  readonly nextSequence: number;
  /** Bytes of a record beside its content, at most. */
  overhead(isLast: boolean): number;
  /** Writes one record at `at`; returns where it ends. Nothing may follow a last one in its datagram. */
  write(type: number, content: Uint8Array, out: Uint8Array, at: number, isLast: boolean): number;
}

const NO_ID: SentId = { sent: new Uint8Array(0) };

/** Flags, two bytes of number, perhaps a length, the type behind the content, the tag; a connection id comes on top. */
export function overhead13(isLast: boolean, tagLength: number): number {
  return 1 + 2 + (isLast ? 0 : 2) + 1 + tagLength;
}

/** What we send in a protected epoch of DTLS 1.3 (RFC 9147 4). */
export class WriteEpoch13 implements RecordWriter {
  readonly epoch: number;
  readonly #keys: RecordKeys13;
  readonly #end: number;
  readonly #ids: SentId;
  readonly #longNumbersEvery: number;
  #sequence: number;

  /** `ids` tells which connection id stands in each record; with `allLong` all numbers have 16 bits. */
  constructor(epoch: number, keys: RecordKeys13, firstSequence = 0, ids: SentId = NO_ID, allLong = false) {
    this.epoch = epoch;
    this.#keys = keys;
    this.#ids = ids;
    this.#longNumbersEvery = allLong ? 1 : LONG_NUMBER_EVERY;
    this.#end = Math.min(MAX_SEQUENCE, AEAD_PARAMETERS[keys.name].maxSealed);
    this.#sequence = firstSequence;
  }

  get nextSequence(): number {
    return this.#sequence;
  }

  /** RFC 9147 4.5.3: the key should be changed before it is used up. */
  get isWearingOut(): boolean {
    return this.#sequence >= this.#end - MARGIN;
  }

  overhead(isLast: boolean): number {
    return overhead13(isLast, this.#keys.aead.tagLength) + this.#ids.sent.length;
  }

  /** Throws `DtlsRefusedError` when the numbers of the key are used up. */
  write(type: number, content: Uint8Array, out: Uint8Array, at: number, isLast: boolean): number {
    if (this.#sequence >= this.#end) {
      throw new DtlsRefusedError('sequence-exhausted', `no record after number ${this.#end - 1} is sent with one key`);
    }
    const numberLength = this.#numberLength;
    const sequence = this.#sequence++;
    const { aead, mask, nonce } = this.#keys;
    const id = this.#ids.sent;
    const inner = writeInnerPlaintext(type, content);
    const length = inner.length + aead.tagLength;
    const start = writeUnifiedHeader(out, at, this.epoch, sequence, numberLength, isLast ? undefined : length, id);
    // RFC 9147 4: the header is authenticated with its number in the clear.
    aead.seal(nonce(sequence), out.subarray(at, start), inner, out, start);
    const bits = mask(out.subarray(start, start + SAMPLE_LENGTH));
    for (let index = 0; index < numberLength; index++) out[at + 1 + id.length + index]! ^= bits[index]!;
    return start + length;
  }

  get #numberLength(): 1 | 2 {
    return (this.#sequence + 1) % this.#longNumbersEvery === 0 ? 2 : 1;
  }
}
