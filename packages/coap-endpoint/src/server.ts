import type { ServerLimits } from '@lb-matrix/blockwise';
import type { OptionRegistry } from '@lb-matrix/coap-codec';
import { Alarm } from './alarm.ts';
import { Deadlines } from './deadlines.ts';
import { type SharedState, sharedState } from './endpoint-options.ts';
import type { DescribeTooLarge, Handler } from './exchange.ts';
import type { DatagramPipe, PipeListener } from './pipe.ts';
import type { Platform } from './platform.ts';
import { ServerSession } from './server-session.ts';
import { addStats, type EndpointStats, emptyStats } from './stats.ts';
import type { CongestionControl } from './timing.ts';
import { type TransmissionParameters, transmission } from './transmission.ts';

export interface ServerOptions {
  readonly platform: Platform;
  readonly handler: Handler;
  /** Told what a handler threw, or what was wrong with its response; the client gets 5.00 without details. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** RFC 7252 section 4.8, for clients that are strangers. */
  readonly transmission?: Partial<TransmissionParameters> | undefined;
  /**
   * How messages are sent: `rfc7252` as to strangers, `measured` as to who has agreed on it. Default: as to a stranger, until
   * `IncomingRequest.agree` says otherwise.
   */
  readonly congestion?: CongestionControl | undefined;
  /** `rfc9177`: takes the blocks of RFC 9177 from all clients. Default `rfc7959`; where RFC 9177 was agreed on it is used. */
  readonly blockwise?: 'rfc7959' | 'rfc9177' | undefined;
  /**
   * How long a handler may take until the request is acknowledged without an answer, in milliseconds. Default 200, and no more
   * than that to who has agreed on `transmission`.
   */
  readonly ackDelay?: number | undefined;
  /**
   * The options that the handler understands in requests; another critical one is answered 4.02. Default: coap-codec's
   * registry.
   */
  readonly optionRegistry?: OptionRegistry | undefined;
  /** The longest token that is accepted (RFC 8974), in bytes; a message with a longer one is malformed. Default 8. */
  readonly maxTokenLength?: number | undefined;
  /** The longest request body; a longer one is answered 4.13. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** What that 4.13 says to its client. Default: nothing more. */
  readonly describeTooLarge?: DescribeTooLarge | undefined;
  /** Memory for bodies that come or go in blocks, for one peer. Default 128 MiB, or twice a larger `maxBodyBytes`. */
  readonly maxPeerBytes?: number | undefined;
  /** The same for all peers: the least recently used go first. Default 256 MiB, or twice a larger `maxPeerBytes`. */
  readonly maxTotalBytes?: number | undefined;
  /** Requests of one peer in progress at once; more are answered 5.03. Default 64. */
  readonly maxPeerRequests?: number | undefined;
  /** Observations of one peer at once; a registration beyond is an ordinary GET. Default 64. */
  readonly maxPeerObservations?: number | undefined;
  /** The same for all peers. Default 65,536. */
  readonly maxTotalObservations?: number | undefined;
  /** Messages of one peer that are remembered at once to recognise duplicates; more are answered 5.03. Default 4096. */
  readonly maxPeerDuplicates?: number | undefined;
  /** The same for all peers. Default 131,072. */
  readonly maxTotalDuplicates?: number | undefined;
}

/** A server on any number of pipes. */
export interface CoapServer {
  /**
   * Ends the server, its pipes and its listener. With `graceful`, requests in progress get that many milliseconds to
   * finish; new ones are answered 5.03. Default 0.
   */
  close(options?: { readonly graceful?: number | undefined }): Promise<void>;
  /** Sums over all pipes, closed ones included, and how many are open. */
  stats(): EndpointStats & { readonly sessions: number };
}

/** Serves the pipes of a listener. The listener and the pipes are the server's own from then on. */
export function listen(listener: PipeListener, options: ServerOptions): CoapServer {
  const server = new Server(options, () => listener.close());
  listener.onPipe = (pipe) => server.attach(pipe);
  return server;
}

/** Serves one pipe, for callers who accept pipes themselves. Closing the server closes the pipe. */
export function serve(pipe: DatagramPipe, options: ServerOptions): CoapServer {
  const server = new Server(options, () => {});
  server.attach(pipe);
  return server;
}

/** How long what has expired may stay, in milliseconds. */
const SWEEP = 10_000;

class Server implements CoapServer {
  readonly #options: ServerOptions;
  readonly #closeListener: () => void | Promise<void>;
  readonly #shared: SharedState;
  readonly #sessions: Set<ServerSession> = new Set();
  readonly #deadlines: Deadlines<{ wake(now: number): void }> = new Deadlines();
  readonly #alarm: Alarm;
  readonly #past: EndpointStats = emptyStats();
  readonly #sweep = { wake: (now: number) => this.#expire(now) };
  #sweeping = false;
  /** Sessions that still have something to finish, while the server is closing. */
  #unfinished: Set<ServerSession> | undefined;
  #onFinished: (() => void) | undefined;
  #closed = false;

  constructor(options: ServerOptions, closeListener: () => void | Promise<void>) {
    this.#options = options;
    this.#closeListener = closeListener;
    const limits: { -readonly [K in keyof ServerLimits]?: ServerLimits[K] } = {
      lifetime: transmission(options.transmission).exchangeLifetime,
    };
    if (options.maxBodyBytes !== undefined) limits.maxBodyBytes = options.maxBodyBytes;
    if (options.maxPeerBytes !== undefined) limits.maxPeerBytes = options.maxPeerBytes;
    if (options.maxTotalBytes !== undefined) limits.maxTotalBytes = options.maxTotalBytes;
    this.#shared = sharedState(limits, options.maxTotalDuplicates, options.maxTotalObservations);
    this.#alarm = new Alarm(options.platform, () => this.#wake());
  }

  attach(pipe: DatagramPipe): void {
    if (this.#closed) {
      pipe.close();
      return;
    }
    const session = new ServerSession(pipe, this.#options, this.#shared, {
      changed: (deadline) => this.#changed(session, deadline),
      ended: () => this.#ended(session),
    });
    this.#sessions.add(session);
    if (this.#unfinished !== undefined) session.endpoint.drain();
  }

  async close({ graceful = 0 }: { readonly graceful?: number | undefined } = {}): Promise<void> {
    if (graceful > 0 && !this.#closed) await this.#finish(graceful);
    this.#closed = true;
    for (const session of this.#sessions) session.close();
    this.#alarm.cancel();
    await this.#closeListener();
  }

  stats(): EndpointStats & { readonly sessions: number } {
    const sum = { ...this.#past };
    for (const session of this.#sessions) addStats(sum, session.endpoint.stats);
    return { ...sum, sessions: this.#sessions.size };
  }

  #finish(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.platform.setTimer(milliseconds, resolve);
      this.#onFinished = () => {
        cancel();
        resolve();
      };
      for (const session of this.#sessions) session.endpoint.drain();
      this.#unfinished = new Set([...this.#sessions].filter((session) => !session.endpoint.idle));
      if (this.#unfinished.size === 0) this.#onFinished();
    });
  }

  #changed(session: ServerSession, deadline: number | undefined): void {
    if (deadline === undefined) this.#deadlines.delete(session);
    else this.#deadlines.set(session, deadline);
    this.#scheduleSweep();
    this.#alarm.set(this.#deadlines.next());
    if (this.#unfinished?.has(session) && session.endpoint.idle) this.#settled(session);
  }

  #ended(session: ServerSession): void {
    this.#sessions.delete(session);
    this.#deadlines.delete(session);
    addStats(this.#past, session.endpoint.stats);
    this.#settled(session);
  }

  #settled(session: ServerSession): void {
    if (this.#unfinished?.delete(session) && this.#unfinished.size === 0) this.#onFinished?.();
  }

  #wake(): void {
    const now = this.#options.platform.now();
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) due.wake(now);
    this.#alarm.set(this.#deadlines.next());
  }

  #scheduleSweep(): void {
    const next = this.#sweeping ? undefined : this.#shared.transfers.nextExpiry();
    if (next === undefined) return;
    this.#sweeping = true;
    this.#deadlines.set(this.#sweep, next + SWEEP);
  }

  #expire(now: number): void {
    this.#sweeping = false;
    this.#shared.transfers.expire(now);
    this.#scheduleSweep();
  }
}
