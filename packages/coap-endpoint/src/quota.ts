/** A number of things that all peers of a server may have together. */
export class Quota {
  readonly #max: number;
  #used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get full(): boolean {
    return this.#used >= this.#max;
  }

  take(): void {
    this.#used++;
  }

  give(count: number): void {
    this.#used -= count;
  }
}
