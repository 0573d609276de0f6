/** Records of the next epoch that may wait: a flight's end and the data right after it, when datagrams overtake each other. */
const MAX_RECORDS = 8;
const MAX_BYTES = 16_384;

/** Whole records that came before they can be read (RFC 6347 4.1 lets us keep them), within bounds. */
export class EarlyRecords {
  #records: Uint8Array[] = [];
  #bytes = 0;

  /** Keeps a copy; false when a bound forbids it. */
  keep(record: Uint8Array): boolean {
    if (this.#records.length >= MAX_RECORDS || this.#bytes + record.length > MAX_BYTES) return false;
    this.#records.push(record.slice());
    this.#bytes += record.length;
    return true;
  }

  /** All of them, in the order of their arrival; they are kept no longer. */
  takeAll(): readonly Uint8Array[] {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return records;
  }
}
