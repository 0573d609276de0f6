/** Something that happens at a time. */
export interface Timer {
  readonly at: number;
  /** Of two at the same time the one that was set first is first. */
  readonly order: number;
  readonly fn: () => void;
}

/** Timers, the next one first: a binary heap. */
export class TimerQueue {
  readonly #heap: Timer[] = [];
  readonly #waiting: Set<Timer> = new Set();

  get size(): number {
    return this.#waiting.size;
  }

  add(timer: Timer): void {
    this.#waiting.add(timer);
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, timer)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  /** It stays in the heap, and is passed over when its turn comes. */
  remove(timer: Timer): void {
    this.#waiting.delete(timer);
  }

  /** Takes the next one that is due at `end` or before. */
  take(end: number): Timer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= end) {
      const first = this.#heap[0]!;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) this.#sink(last);
      if (this.#waiting.delete(first)) return first;
    }
    return undefined;
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(timer, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = timer;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
