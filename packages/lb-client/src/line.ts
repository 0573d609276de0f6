import { EndpointError } from '@lb-matrix/coap-endpoint';
import type { HttpRequest, HttpResponse } from '@lb-matrix/msc3079-mapper';
import { unlessAborted } from './abort.ts';
import { ClosedError, FateUnknownError } from './errors.ts';
import type { Homeserver } from './homeserver.ts';
import type { Link, Trouble } from './link.ts';
import type { Offer } from './offer.ts';
import { Unreachable, Unsupported } from './unreachable.ts';

/** How often a request that may be repeated is sent, each time on another link where there is one. */
const ATTEMPTS = 4;
/** How long what must not be sent twice may still be answered on a link that has been replaced. */
const GRACE = 10_000;
/** How soon after its handshake an unprotected sign makes us doubt a link: anybody can forge one. */
const SETTLED = 5_000;
/** An unused link ends after this. */
const IDLE = 600_000;

/** The way to the server for one access token, or for none: one link at a time, replaced when it breaks. */
export class Line {
  /** When it was last used, for the choice of which to give up. */
  lastUsed = 0;
  readonly #homeserver: Homeserver;
  readonly #closing: AbortController = new AbortController();
  #link: Link | undefined;
  #connecting: Promise<Link> | undefined;
  /** A handshake beside the link at hand, of which there are signs that it is broken. Never rejects. */
  #replacing: Promise<void> | undefined;
  #users = 0;
  #cancelIdle: (() => void) | undefined;

  constructor(homeserver: Homeserver) {
    this.#homeserver = homeserver;
  }

  get state(): 'idle' | 'connecting' | 'connected' {
    if (this.#link?.alive) return 'connected';
    return this.#connecting === undefined ? 'idle' : 'connecting';
  }

  /** Nothing is under way. */
  get unused(): boolean {
    return this.#users === 0 && this.#connecting === undefined && this.#replacing === undefined;
  }

  /** It has carried no token yet, or one that was logged out or refused, and nothing is under way: a token may use it. */
  get vacant(): boolean {
    return this.unused && this.#link?.alive === true && !this.#link.carriesToken;
  }

  /**
   * Sends a request; `repeatable` ones again after a failure. Rejects with `Unreachable` (it may go another way),
   * `FateUnknownError`, `MappingError`, the endpoint's refusal, or the signal's reason.
   */
  async ask(request: HttpRequest, repeatable: boolean, signal?: AbortSignal): Promise<HttpResponse> {
    const done = this.use();
    try {
      for (let attempt = 1; ; attempt++) {
        const link = await this.link(signal);
        try {
          return await askOn(link, request, repeatable, signal);
        } catch (error) {
          if (signal?.aborted) throw signal.reason;
          if (!(error instanceof EndpointError) || error.code === 'refused') throw error;
          if (error.reason === 'no_acknowledgement') link.close();
          if (this.#closing.signal.aborted) throw new ClosedError('The fetch was closed');
          if (!repeatable) throw new FateUnknownError('The connection broke before the answer came', error);
          if (attempt === ATTEMPTS) throw new Unreachable(error);
        }
      }
    } finally {
      done();
    }
  }

  /** A link that is not known to be broken. Rejects with `Unreachable`, or the signal's reason. */
  async link(signal?: AbortSignal): Promise<Link> {
    if (this.#closing.signal.aborted) throw new ClosedError('The fetch was closed');
    if (this.#replacing !== undefined) await unlessAborted(this.#replacing, signal);
    if (this.#link?.alive) return this.#link;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
      this.#homeserver.changed();
    });
    this.#connecting.catch(() => undefined);
    this.#homeserver.changed();
    // While HTTPS stands in nobody waits for the next try.
    if (this.#homeserver.backOff.failing) throw this.#homeserver.away();
    return unlessAborted(this.#connecting, signal);
  }

  /** Keeps the link from being given up as unused until the returned function is called. */
  use(): () => void {
    this.#users++;
    this.#cancelIdle?.();
    return () => {
      this.lastUsed = this.#homeserver.platform.now();
      if (--this.#users > 0 || this.#closing.signal.aborted) return;
      this.#cancelIdle = this.#homeserver.platform.setTimer(IDLE, () => this.#link?.close());
    };
  }

  /** The server has said what it understands. */
  learn(offer: Offer | undefined): void {
    this.#link?.learn(offer);
  }

  close(): void {
    this.#closing.abort(new ClosedError('The fetch was closed'));
    this.#cancelIdle?.();
    this.#link?.close();
  }

  async #connect(): Promise<Link> {
    const { backOff, platform } = this.#homeserver;
    if (backOff.waiting(platform.now())) throw this.#homeserver.away();
    try {
      const link = await this.#establish();
      backOff.succeeded();
      return this.#take(link);
    } catch (error) {
      if (error instanceof Unreachable && !(error instanceof Unsupported)) this.#homeserver.connectFailed(error);
      throw error;
    }
  }

  #establish(): Promise<Link> {
    return this.#homeserver.establish({
      signal: this.#closing.signal,
      onTrouble: (link, trouble) => this.#onTrouble(link, trouble),
    });
  }

  #take(link: Link): Link {
    this.#link = link;
    this.#homeserver.changed();
    return link;
  }

  /** A sign may be forged, so the handshake goes on beside the link, which is replaced once that is done. */
  #onTrouble(link: Link, trouble: Trouble): void {
    if (link !== this.#link || this.#replacing !== undefined || this.#closing.signal.aborted) return;
    const { platform } = this.#homeserver;
    if (trouble !== 'silence' && platform.now() - link.since < SETTLED) return;
    const heard = link.lastReceived;
    this.#replacing = this.#establish().then(
      (next) => {
        this.#replacing = undefined;
        // It was only slow.
        if (trouble === 'silence' && link.alive && link.lastReceived !== heard) {
          next.close();
          return;
        }
        this.#take(next);
        link.supersede(GRACE);
      },
      (error: unknown) => {
        this.#replacing = undefined;
        // Neither the old one nor a new one: whatever is under way on it has failed.
        if (link.lastReceived !== heard || this.#closing.signal.aborted) return;
        this.#homeserver.connectFailed(error);
        link.close();
      },
    );
  }
}

/** A request that may be repeated does not wait for a link that has been replaced. */
async function askOn(
  link: Link,
  request: HttpRequest,
  repeatable: boolean,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  if (!repeatable) return link.ask(request, signal);
  const control = new AbortController();
  const giveUp = () => control.abort();
  const forgetLink = link.superseded.listen(giveUp);
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted || link.superseded.over) giveUp();
  try {
    return await link.ask(request, control.signal);
  } finally {
    forgetLink();
    signal?.removeEventListener('abort', giveUp);
  }
}
