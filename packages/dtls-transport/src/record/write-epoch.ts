import { DtlsRefusedError } from '../errors.ts';
import { CONTENT_TYPE, RECORD_HEADER_LENGTH, writeRecordHeader } from '../wire/record.ts';
import { writeInnerPlaintext } from './inner-plaintext.ts';
import type { RecordProtection } from './record-protection.ts';

/** RFC 6347 4.1: a sequence number has 48 bits and must not wrap. */
const MAX_SEQUENCE = 2 ** 48;

const NO_ID = new Uint8Array(0);

/** Bytes that a connection id adds to a record: itself and the type, which is encrypted then. */
export function idOverhead(id: Uint8Array): number {
  return id.length === 0 ? 0 : id.length + 1;
}

/** What we send in one epoch: numbers the records and protects them. */
export class WriteEpoch {
  readonly epoch: number;
  /** Bytes of a record beside its plaintext. */
  readonly overhead: number;
  readonly #protection: RecordProtection | undefined;
  readonly #end: number;
  readonly #id: Uint8Array;
  #sequence: number;

  /** An `id` that is not empty stands in each record, which then is of type tls12_cid (RFC 9146 4). */
  constructor(epoch: number, protection: RecordProtection | undefined, firstSequence = 0, id: Uint8Array = NO_ID) {
    this.epoch = epoch;
    this.#id = id;
    this.overhead = RECORD_HEADER_LENGTH + (protection?.overhead ?? 0) + idOverhead(id);
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
    const id = this.#id;
    const hasId = id.length > 0;
    const outer = hasId ? CONTENT_TYPE.tls12Cid : type;
    const inner = hasId ? writeInnerPlaintext(type, plaintext) : plaintext;
    const length = inner.length + (this.#protection?.overhead ?? 0);
    const start = writeRecordHeader(out, at, outer, this.epoch, sequence, length, id);
    if (this.#protection === undefined) out.set(inner, start);
    else this.#protection.seal(outer, this.epoch, sequence, inner, out, start, id);
    return start + length;
  }
}
