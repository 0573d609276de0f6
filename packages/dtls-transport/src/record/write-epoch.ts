import { DtlsRefusedError } from '../errors.ts';
import { RECORD_HEADER_LENGTH, writeRecordHeader } from '../wire/record.ts';
import type { RecordProtection } from './record-protection.ts';

/** RFC 6347 4.1: a sequence number has 48 bits and must not wrap. */
const MAX_SEQUENCE = 2 ** 48;

/** What we send in one epoch: numbers the records and protects them. */
export class WriteEpoch {
  readonly epoch: number;
  /** Bytes of a record beside its plaintext. */
  readonly overhead: number;
  readonly #protection: RecordProtection | undefined;
  readonly #end: number;
  #sequence: number;

  constructor(epoch: number, protection: RecordProtection | undefined, firstSequence = 0) {
    this.epoch = epoch;
    this.overhead = RECORD_HEADER_LENGTH + (protection?.overhead ?? 0);
    this.#protection = protection;
    // There is no renegotiation: when a key is used up, the association ends.
    this.#end = Math.min(MAX_SEQUENCE, protection?.maxSealed ?? MAX_SEQUENCE);
    this.#sequence = firstSequence;
  }

  /** The number of the next record. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** Writes one record to `out` at `at`; returns where it ends. Throws `DtlsRefusedError` when the numbers are used up. */
  write(type: number, plaintext: Uint8Array, out: Uint8Array, at: number): number {
    if (this.#sequence >= this.#end) {
      throw new DtlsRefusedError('sequence-exhausted', `no record after number ${this.#end - 1} is sent in one epoch`);
    }
    const sequence = this.#sequence++;
    const length = plaintext.length + this.overhead - RECORD_HEADER_LENGTH;
    const start = writeRecordHeader(out, at, type, this.epoch, sequence, length);
    if (this.#protection === undefined) out.set(plaintext, start);
    else this.#protection.seal(type, this.epoch, sequence, plaintext, out, start);
    return start + length;
  }
}
