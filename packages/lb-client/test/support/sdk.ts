import type { VirtualTime } from '@lb-matrix/virtual-network';
import type { LowBandwidthFetch } from '../../src/index.ts';
import { ORIGIN } from './world.ts';

/** What an app keeps on its device. It outlives the app. */
export interface Store {
  since: string | undefined;
  /** Ids of events and to-device messages, in the order they came in. */
  readonly received: string[];
}

function emptyStore(): Store {
  return { since: undefined, received: [] };
}

/** As far as these tests look at it. */
export interface SyncBody {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join: Record<string, { readonly timeline: { readonly events: { event_id: string }[] } }>;
  };
  readonly to_device?: { readonly events: { readonly content: { readonly id: string } }[] };
}

/** An app with a sync loop like that of an SDK: long-polls, stores what it gets, asks on; tries again after an error. */
export class Sdk {
  readonly store: Store;
  /** Statuses and names of errors, in order, without 200. */
  readonly troubles: string[] = [];
  answers = 0;
  readonly #fetch: LowBandwidthFetch;
  readonly #time: VirtualTime;
  readonly #control: AbortController = new AbortController();
  #call: AbortController = new AbortController();

  constructor(fetch: LowBandwidthFetch, time: VirtualTime, store: Store = emptyStore()) {
    this.#fetch = fetch;
    this.#time = time;
    this.store = store;
    void this.#run();
  }

  /** Ends the loop as an app that is left: nothing is stored any more, nothing is said to anybody. */
  kill(): void {
    this.#control.abort();
  }

  /** Gives the call up that waits, and asks again after a while, as an SDK does when its network comes and goes. */
  interrupt(): void {
    this.#call.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#control;
    while (!signal.aborted) {
      try {
        this.#call = new AbortController();
        const body = await this.#ask(AbortSignal.any([signal, this.#call.signal]));
        if (signal.aborted) return;
        if (body === undefined) await this.#sleep(2000);
        else this.#keep(body);
      } catch (error) {
        if (signal.aborted) return;
        this.troubles.push((error as Error).name);
        await this.#sleep(2000);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<SyncBody | undefined> {
    const since = this.store.since === undefined ? '' : `&since=${this.store.since}`;
    const response = await this.#fetch(`${ORIGIN}/_matrix/client/v3/sync?filter=0&timeout=30000${since}`, {
      headers: { authorization: 'Bearer secret' },
      signal,
    });
    this.answers++;
    if (response.status === 200) return (await response.json()) as SyncBody;
    this.troubles.push(String(response.status));
    return undefined;
  }

  #keep({ next_batch, rooms, to_device }: SyncBody): void {
    const events = Object.values(rooms?.join ?? {}).flatMap(({ timeline }) => timeline.events);
    this.store.received.push(...events.map(({ event_id }) => event_id));
    this.store.received.push(...(to_device?.events ?? []).map(({ content }) => content.id));
    this.store.since = next_batch;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#time.setTimer(ms, resolve));
  }
}
