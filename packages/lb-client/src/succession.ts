/**
 * Tells whoever uses a link that a newer one has taken over, once. No AbortSignal: with more than ten listeners, and there is one for each
 * request under way, Node warns of a leak.
 */
export class Succession {
  #listeners: Set<() => void> | undefined = new Set();

  /** It has happened. */
  get over(): boolean {
    return this.#listeners === undefined;
  }

  /** Calls `listener` when it happens, unless it has already. The returned function ends that. */
  listen(listener: () => void): () => void {
    this.#listeners?.add(listener);
    return () => void this.#listeners?.delete(listener);
  }

  happen(): void {
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }
}
