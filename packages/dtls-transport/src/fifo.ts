/** A queue whose `take` costs the same, however long it is. */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#items.length;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** What `take` would give. */
  get first(): T | undefined {
    return this.isEmpty ? undefined : this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  take(): T | undefined {
    if (this.isEmpty) return undefined;
    const item = this.#items[this.#head]!;
    this.#head += 1;
    if (this.isEmpty) this.clear();
    return item;
  }

  /** Drops the items for which this is true; returns how many. */
  drop(isDropped: (item: T) => boolean): number {
    const before = this.length;
    this.#items = this.#items.slice(this.#head).filter((item) => !isDropped(item));
    this.#head = 0;
    return before - this.length;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
