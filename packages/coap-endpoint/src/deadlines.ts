/** Which of many things comes due next: a binary heap in which things can be moved and taken out. */
export class Deadlines<T extends object> {
  readonly #heap: { readonly item: T; at: number }[] = [];
  readonly #index: Map<T, number> = new Map();

  /** When the next one is due. */
  next(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** Makes `item` due at `at`, in place of when it was due before. */
  set(item: T, at: number): void {
    const before = this.#index.get(item);
    if (before === undefined) {
      this.#heap.push({ item, at });
      this.#index.set(item, this.#heap.length - 1);
      this.#up(this.#heap.length - 1);
      return;
    }
    this.#heap[before]!.at = at;
    this.#down(this.#up(before));
  }

  delete(item: T): void {
    const index = this.#index.get(item);
    if (index === undefined) return;
    this.#index.delete(item);
    const last = this.#heap.pop()!;
    if (last.item === item) return;
    this.#put(index, last);
    this.#down(this.#up(index));
  }

  /** Takes out one that is due at `now`; `undefined` when there is none. */
  takeDue(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.delete(first.item);
    return first.item;
  }

  #put(index: number, entry: { readonly item: T; at: number }): void {
    this.#heap[index] = entry;
    this.#index.set(entry.item, index);
  }

  #up(start: number): number {
    const entry = this.#heap[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent]!;
      if (above.at <= entry.at) break;
      this.#put(index, above);
      index = parent;
    }
    if (index !== start) this.#put(index, entry);
    return index;
  }

  #down(start: number): void {
    const entry = this.#heap[start]!;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      const right = this.#heap[child + 1];
      if (right !== undefined && right.at < this.#heap[child]!.at) child++;
      const below = this.#heap[child];
      if (below === undefined || below.at >= entry.at) break;
      this.#put(index, below);
      index = child;
    }
    if (index !== start) this.#put(index, entry);
  }
}
