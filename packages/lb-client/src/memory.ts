import type { ClientPlatform } from './client-platform.ts';

/** What is learnt about servers and networks, with the time it was learnt. */
export class Memory {
  readonly #platform: ClientPlatform;
  /** For the rest of this run, with or without a storage. */
  readonly #here: Map<string, string> = new Map();

  constructor(platform: ClientPlatform) {
    this.#platform = platform;
  }

  /** What was remembered under `key` within the last `maxAge` milliseconds. */
  async recall(key: string, maxAge: number): Promise<unknown> {
    try {
      const text = this.#here.get(key) ?? (await this.#platform.storage?.get(PREFIX + key));
      if (text === undefined) return undefined;
      const entry: unknown = JSON.parse(text);
      if (!isEntry(entry)) return undefined;
      const age = this.#platform.wallTime() - entry.at;
      return age >= 0 && age < maxAge ? entry.value : undefined;
    } catch {
      return undefined; // a storage that fails has forgotten
    }
  }

  async remember(key: string, value: unknown): Promise<void> {
    const text = JSON.stringify({ at: this.#platform.wallTime(), value });
    this.#here.set(key, text);
    try {
      await this.#platform.storage?.set(PREFIX + key, text);
    } catch {
      // It is remembered for this run.
    }
  }
}

const PREFIX = 'lb-matrix:';

function isEntry(entry: unknown): entry is { at: number; value: unknown } {
  return (
    typeof entry === 'object' && entry !== null && 'at' in entry && typeof entry.at === 'number' && 'value' in entry
  );
}
