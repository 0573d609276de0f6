/**
 * The sliding window of RFC 6347 4.1.2.6 over the sequence numbers of one epoch, 64 wide. `isNew` is asked before a record
 * is decrypted, `mark` is called only after it has authenticated: else a forged number could push honest records out.
 */
export class ReplayWindow {
  /** The highest number marked; the window is `(highest - 64, highest]`. */
  #highest = -1;
  /** Bit n: `highest - n` was seen; bits 0-31 and 32-63. */
  #recent = 0;
  #older = 0;

  isNew(sequence: number): boolean {
    const back = this.#highest - sequence;
    if (back < 0) return true;
    if (back >= 64) return false;
    return back < 32 ? (this.#recent & (1 << back)) === 0 : (this.#older & (1 << (back - 32))) === 0;
  }

  mark(sequence: number): void {
    const forward = sequence - this.#highest;
    if (forward > 0) {
      this.#shift(forward);
      this.#highest = sequence;
      this.#recent |= 1;
    } else if (forward > -32) {
      this.#recent |= 1 << -forward;
    } else if (forward > -64) {
      this.#older |= 1 << (-forward - 32);
    }
  }

  #shift(by: number): void {
    if (by >= 64) {
      this.#recent = 0;
      this.#older = 0;
    } else if (by >= 32) {
      this.#older = this.#recent << (by - 32); // a shift by 32 would be none: by - 32 is below 32
      this.#recent = 0;
    } else {
      this.#older = (this.#older << by) | (this.#recent >>> (32 - by));
      this.#recent <<= by;
    }
  }
}
