import type { HttpRequest, HttpResponse } from '@lb-matrix/msc3079-mapper';
import type { SyncCall } from './sync-call.ts';
import { type SyncHost, SyncObserver } from './sync-observer.ts';

/** Different questions that one token may have observed at a time; those beyond are polled. */
const MAX_STREAMS = 8;

/** What one access token has observed. */
export class Syncs {
  readonly #host: SyncHost;
  readonly #streams: Map<string, SyncObserver> = new Map();

  constructor(host: SyncHost) {
    this.#host = host;
  }

  /** The answer to a call, pushed where the server can do that. Rejects as `Line.ask` does. */
  async ask(call: SyncCall, request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const link = await this.#host.line.link(signal);
    const stream = link.observes ? this.#stream(call) : undefined;
    return stream === undefined ? this.#host.line.ask(request, true, signal) : stream.ask(call, request, signal);
  }

  stop(): void {
    for (const stream of this.#streams.values()) stream.stop();
    this.#streams.clear();
  }

  #stream(call: SyncCall): SyncObserver | undefined {
    const { kind, key } = call;
    const found = this.#streams.get(key);
    if (found !== undefined) return found.busy ? undefined : found;
    // An SDK that asks something else has done with what it asked before.
    for (const [other, stream] of this.#streams) {
      if (stream.busy) continue;
      stream.leaveFor(call);
      this.#streams.delete(other);
    }
    if (this.#streams.size >= MAX_STREAMS) return undefined;
    const stream = new SyncObserver(kind, this.#host);
    this.#streams.set(key, stream);
    return stream;
  }
}
