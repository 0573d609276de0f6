import { EndpointError } from '@lb-matrix/coap-endpoint';
import type { ClientPlatform } from './client-platform.ts';
import type { KeepAlive } from './keep-alive.ts';
import type { Succession } from './succession.ts';

/** What keep-alives need of the link that they are for. */
export interface HeartbeatLink {
  /** In the platform's milliseconds. */
  readonly lastSent: number;
  readonly lastReceived: number;
  readonly superseded: Succession;
  /** Rejects with `EndpointError`. */
  ping(): Promise<unknown>;
  close(): void;
}

/** Keeps a link known to the network while somebody waits for what the server may say, and learns from it. */
export class Heartbeat {
  readonly #link: HeartbeatLink;
  readonly #platform: Pick<ClientPlatform, 'now' | 'setTimer'>;
  readonly #keepAlive: KeepAlive;
  readonly #onLearnt: () => void;
  #watchers = 0;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(
    link: HeartbeatLink,
    platform: Pick<ClientPlatform, 'now' | 'setTimer'>,
    keepAlive: KeepAlive,
    onLearnt: () => void,
  ) {
    this.#link = link;
    this.#platform = platform;
    this.#keepAlive = keepAlive;
    this.#onLearnt = onLearnt;
  }

  /** Beats until the returned function is called. */
  watch(): () => void {
    if (this.#watchers++ === 0) this.#arm();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      if (--this.#watchers === 0) this.#cancel?.();
    };
  }

  /** The link is over. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #arm(): void {
    this.#cancel?.();
    if (this.#stopped || this.#watchers === 0) return;
    const { interval } = this.#keepAlive;
    const silence = this.#platform.now() - this.#link.lastSent;
    if (silence >= interval) void this.#beat();
    else this.#cancel = this.#platform.setTimer(interval - silence, () => this.#arm());
  }

  async #beat(): Promise<void> {
    const now = this.#platform.now();
    const { lastSent, lastReceived, superseded } = this.#link;
    // What the server has sent meanwhile may have kept the mapping too: that proves less.
    const proven = now - Math.max(lastSent, lastReceived);
    const silence = now - lastSent;
    const lost = () => {
      this.#keepAlive.lost(silence);
      this.#onLearnt();
    };
    const forget = superseded.listen(lost);
    try {
      await this.#link.ping();
      this.#keepAlive.answered(proven);
      this.#onLearnt();
    } catch (error) {
      if (error instanceof EndpointError && error.code === 'timed_out') {
        lost();
        this.#link.close();
      }
    } finally {
      forget();
      this.#arm();
    }
  }
}
