/** Something with a deadline; the heap keeps its place in `heapIndex`. */
export interface Timed {
  deadline: number | undefined;
  heapIndex: number;
}

/** Outside the heap. */
export const NOT_IN_HEAP = -1;

/** A binary heap of deadlines, the next one first: each change costs the logarithm of what is in it. */
export class DeadlineHeap<T extends Timed> {
  readonly #items: T[] = [];

  /** The item whose deadline comes first. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** Gives an item another deadline, or none. */
  set(item: T, deadline: number | undefined): void {
    if (item.deadline === deadline) return;
    item.deadline = deadline;
    if (deadline === undefined) this.#remove(item);
    else if (item.heapIndex === NOT_IN_HEAP) {
      this.#place(item, this.#items.length);
      this.#up(item);
    } else {
      this.#up(item);
      this.#down(item);
    }
  }

  #remove(item: T): void {
    if (item.heapIndex === NOT_IN_HEAP) return;
    const last = this.#items.pop()!;
    if (last !== item) {
      this.#place(last, item.heapIndex);
      this.#up(last);
      this.#down(last);
    }
    item.heapIndex = NOT_IN_HEAP;
  }

  #up(item: T): void {
    while (item.heapIndex > 0) {
      const parent = this.#items[(item.heapIndex - 1) >> 1]!;
      if (parent.deadline! <= item.deadline!) return;
      this.#swap(parent, item);
    }
  }

  #down(item: T): void {
    for (;;) {
      const left = 2 * item.heapIndex + 1;
      const [a, b] = [this.#items[left], this.#items[left + 1]];
      const child = b !== undefined && b.deadline! < a!.deadline! ? b : a;
      if (child === undefined || item.deadline! <= child.deadline!) return;
      this.#swap(item, child);
    }
  }

  #swap(a: T, b: T): void {
    const index = a.heapIndex;
    this.#place(a, b.heapIndex);
    this.#place(b, index);
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
