import { AEAD_PARAMETERS } from '../crypto/aead-parameters.ts';
import { SAMPLE_LENGTH } from '../crypto/record-number-mask.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';
import type { UnifiedHeader } from '../wire/unified-header.ts';
import { type InnerPlaintext, readInnerPlaintext } from './inner-plaintext.ts';
import type { RecordKeys13 } from './record-keys-13.ts';
import { ReplayWindow } from './replay-window.ts';

/** What was in a protected record. */
export interface OpenedRecord extends InnerPlaintext {
  readonly sequence: number;
}

/** What we receive in a protected epoch of DTLS 1.3 (RFC 9147 4). */
export class ReadEpoch13 {
  readonly epoch: number;
  readonly #keys: RecordKeys13;
  readonly #maxInner: number;
  readonly #window = new ReplayWindow();
  /** One more than the highest number that has authenticated. */
  #expected = 0;
  #forgeries = 0;

  /** `maxInner` bounds content, type and padding together (RFC 8449 4). */
  constructor(epoch: number, keys: RecordKeys13, maxInner: number = MAX_PLAINTEXT + 1) {
    this.epoch = epoch;
    this.#keys = keys;
    this.#maxInner = maxInner;
  }

  /** Something has authenticated. */
  get isInUse(): boolean {
    return this.#expected > 0;
  }

  /**
   * What is in a record that is new and authentic; else why it is dropped. Throws `DtlsPeerError` once the forgeries are too
   * many for the key.
   */
  open(
    header: UnifiedHeader,
    datagram: Uint8Array,
  ): OpenedRecord | 'replayed' | 'unauthenticated' | 'overflow' | 'malformed' {
    const { start, end } = header;
    const { aead, nonce } = this.#keys;
    // RFC 9147 4.2.3: what is too short for a mask has failed.
    if (end - start < SAMPLE_LENGTH || end - start < aead.tagLength + 1) return this.#forged();
    const aad = datagram.slice(header.offset, start); // the datagram stays as it came
    const sequence = this.#unmask(header, datagram, aad);
    // RFC 9147 4.5.1: check, decrypt, and only then move the window (CVE-2016-2181, CVE-2021-42142).
    if (!this.#window.isNew(sequence)) return 'replayed';
    const inner = aead.open(nonce(sequence), aad, datagram.subarray(start, end));
    if (inner === undefined) return this.#forged();
    this.#window.mark(sequence);
    this.#expected = Math.max(this.#expected, sequence + 1);
    if (inner.length > this.#maxInner) return 'overflow';
    const plaintext = readInnerPlaintext(inner);
    return plaintext === undefined ? 'malformed' : { type: plaintext.type, content: plaintext.content, sequence };
  }

  /** Takes the mask from the number in `aad`; returns the whole number (RFC 9147 4.2.2). */
  #unmask({ idLength, numberLength, start }: UnifiedHeader, datagram: Uint8Array, aad: Uint8Array): number {
    const bits = this.#keys.mask(datagram.subarray(start, start + SAMPLE_LENGTH));
    let low = 0;
    for (let index = 0; index < numberLength; index++) {
      const at = 1 + idLength + index;
      aad[at]! ^= bits[index]!;
      low = low * 0x100 + aad[at]!;
    }
    return closestTo(this.#expected, low, numberLength === 1 ? 0x100 : 0x1_0000);
  }

  #forged(): 'unauthenticated' {
    this.#forgeries += 1;
    if (this.#forgeries <= AEAD_PARAMETERS[this.#keys.name].maxForgeries) return 'unauthenticated';
    // RFC 9147 4.5.3
    throw new DtlsPeerError('too-many-failed-records', ALERT.bad_record_mac, 'too many records failed to authenticate');
  }
}

/** The number closest to `expected` that is `low` modulo `span`. */
export function closestTo(expected: number, low: number, span: number): number {
  const near = expected - (expected % span) + low;
  if (near > expected + span / 2 && near >= span) return near - span;
  return near <= expected - span / 2 ? near + span : near;
}
