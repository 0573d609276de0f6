import { WriteEpoch } from './write-epoch.ts';
import type { RecordWriter } from './write-epoch-13.ts';

/** Epoch 0, whose records look the same in 1.2 and 1.3 (RFC 9147 4). */
export class PlainWriter implements RecordWriter {
  readonly epoch: number = 0;
  readonly #epoch: WriteEpoch;

  constructor(firstSequence: number) {
    this.#epoch = new WriteEpoch(0, undefined, firstSequence);
  }

  get nextSequence(): number {
    return this.#epoch.nextSequence;
  }

  overhead(): number {
    return this.#epoch.overhead;
  }

  write(type: number, content: Uint8Array, out: Uint8Array, at: number): number {
    return this.#epoch.write(type, content, out, at);
  }
}
