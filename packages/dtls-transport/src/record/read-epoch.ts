import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { DTLS_1_2, MAX_PLAINTEXT, type RecordHeader } from '../wire/record.ts';
import type { RecordProtection } from './record-protection.ts';
import { ReplayWindow } from './replay-window.ts';

/** What we receive in a protected epoch. */
export class ReadEpoch {
  readonly epoch: number;
  readonly #protection: RecordProtection;
  readonly #window = new ReplayWindow();
  readonly #maxPlaintext: number;
  #forgeries = 0;

  constructor(epoch: number, protection: RecordProtection, maxPlaintext: number = MAX_PLAINTEXT) {
    this.epoch = epoch;
    this.#protection = protection;
    this.#maxPlaintext = maxPlaintext;
  }

  /**
   * The plaintext of a record, with the connection id `id` in it or with none, that is new and authentic; else why it is dropped. Throws `DtlsPeerError` once the forgeries
   * are too many for the key.
   */
  open(
    header: RecordHeader,
    datagram: Uint8Array,
    id?: Uint8Array,
  ): Uint8Array | 'replayed' | 'unauthenticated' | 'overflow' {
    // RFC 6347 4.1.2.6: check, decrypt, and only then move the window.
    if (!this.#window.isNew(header.sequence)) return 'replayed';
    const fragment = datagram.subarray(header.start, header.end);
    const plaintext =
      header.version === DTLS_1_2
        ? this.#protection.open(header.type, this.epoch, header.sequence, fragment, id)
        : undefined;
    if (plaintext === undefined) {
      this.#countForgery();
      return 'unauthenticated';
    }
    this.#window.mark(header.sequence);
    // RFC 5246 6.2.1; RFC 8449 4 lets a DTLS endpoint drop what is longer than it has said.
    return plaintext.length > this.#maxPlaintext ? 'overflow' : plaintext;
  }

  #countForgery(): void {
    this.#forgeries += 1;
    if (this.#forgeries <= this.#protection.maxForgeries) return; // RFC 9147 4.5.3
    throw new DtlsPeerError('too-many-failed-records', ALERT.bad_record_mac, 'too many records failed to authenticate');
  }
}
