/** A bounded number of things, for one peer within that of all peers. */
export class Quota {
  readonly #max: number;
  readonly #whole: Quota | undefined;
  #used = 0;

  constructor(max: number, whole?: Quota) {
    this.#max = max;
    this.#whole = whole;
  }

  get used(): number {
    return this.#used;
  }

  get full(): boolean {
    return this.#used >= this.#max || (this.#whole?.full ?? false);
  }

  take(): void {
    this.#used++;
    this.#whole?.take();
  }

  give(count: number): void {
    this.#used -= count;
    this.#whole?.give(count);
  }
}
