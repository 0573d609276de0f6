interface Entry {
  value: number;
  at: number;
}

/** The greatest of the values of a window of counted rounds; of those before it nothing is left. */
export class WindowedMax {
  readonly #window: number;
  /** Values that fall, each the greatest since its time. */
  #entries: Entry[] = [];

  /** `window`: in rounds. */
  constructor(window: number) {
    this.#window = window;
  }

  /** 0 when there is none. */
  get value(): number {
    return this.#entries[0]?.value ?? 0;
  }

  add(value: number, round: number): void {
    const entries = this.#entries;
    while (entries.length > 0 && entries[entries.length - 1]!.value <= value) entries.pop();
    // One that is greater and of the same round outlives it.
    if (entries[entries.length - 1]?.at !== round) entries.push({ value, at: round });
    while (entries[0]!.at + this.#window <= round) entries.shift();
  }

  /** Nothing but this value counts from now on. */
  reset(value: number, round: number): void {
    this.#entries = [{ value, at: round }];
  }
}
