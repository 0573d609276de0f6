import type { OptionRegistry } from '@lb-matrix/coap-codec';
import type { Agreement } from './agreement.ts';
import { Alarm } from './alarm.ts';
import { drainer } from './drain.ts';
import { Endpoint } from './endpoint.ts';
import { EndpointError } from './errors.ts';
import { type ClientEvent, type EndpointEvent, isServerEvent, type Progress } from './events.ts';
import type { CoapRequest, CoapResponse, ObserveMode } from './exchange.ts';
import { NotificationStream } from './notification-stream.ts';
import type { DatagramPipe } from './pipe.ts';
import type { Platform } from './platform.ts';
import type { EndpointStats } from './stats.ts';
import type { CongestionControl } from './timing.ts';
import type { TransmissionParameters } from './transmission.ts';

export interface RequestOptions {
  /** Gives the request up: `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each block that got through. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** The longest that the whole request may take, in milliseconds: `timed_out`, `deadline`. Default: no limit. */
  readonly timeout?: number | undefined;
}

export interface ObserveOptions extends ObserveMode {
  /** Ends the observation: `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConnectOptions {
  readonly platform: Platform;
  /** RFC 7252 section 4.8, for servers that are strangers. */
  readonly transmission?: Partial<TransmissionParameters> | undefined;
  /**
   * How messages are sent: `rfc7252` as to a stranger, `measured` as to who has agreed on it. Default: as to a stranger, until
   * `agree` says otherwise.
   */
  readonly congestion?: CongestionControl | undefined;
  /**
   * `rfc9177`: asks servers of which nothing is known with the blocks of RFC 9177, and goes on with those of RFC 7959 when they do not know
   * them. Default `rfc7959`; where RFC 9177 was agreed on it is used.
   */
  readonly blockwise?: 'rfc7959' | 'rfc9177' | undefined;
  /** The round trip to this server in milliseconds, as far as it is known from before. Default: the pipe's, if it has one. */
  readonly roundTrip?: number | undefined;
  /**
   * Length of tokens in bytes. Default 4; 1 is enough where the pipe authenticates and drops copies of datagrams (DTLS): two
   * bytes are taken for what lasts, and when all of one are in use.
   */
  readonly tokenLength?: 1 | 2 | 3 | 4 | undefined;
  /** The longest body, either way. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** The options that the caller understands in responses. Default: coap-codec's registry. */
  readonly optionRegistry?: OptionRegistry | undefined;
}

/** A client on one pipe. */
export interface CoapClient {
  /**
   * Sends a request, in blocks where it does not fit one datagram, and resolves with the whole response, whatever its
   * code. Rejects with `EndpointError`.
   */
  request(request: CoapRequest, options?: RequestOptions): Promise<CoapResponse>;
  /**
   * Sends a request that wants no response (RFC 7967, No-Response 26), in one message. Resolves when the server has it;
   * as a NON, when it is on its way. Rejects with `EndpointError`.
   */
  send(request: CoapRequest, options?: Pick<RequestOptions, 'signal' | 'timeout'>): Promise<void>;
  /**
   * Observes a resource (RFC 7641, GET or FETCH): its state now, and again after each change, as whole bodies in the
   * order of their sequence numbers; of those that the reader has not got to only the newest. It ends with the last
   * response when that is an error or the server does not notify, and rejects with `EndpointError`. To leave the loop
   * ends the observation. Throws `EndpointError` (`refused`) for a request that cannot be observed.
   */
  observe(request: CoapRequest, options?: ObserveOptions): AsyncIterableIterator<CoapResponse, undefined>;
  /**
   * An Empty message that the peer resets (RFC 7252 section 4.3). Resolves with the round-trip time in milliseconds.
   */
  ping(options?: Pick<RequestOptions, 'signal' | 'timeout'>): Promise<number>;
  /**
   * Says what the server is known to understand: it holds for requests begun afterwards, until the client is closed. What was
   * agreed on before stays.
   */
  agree(agreement: Agreement): void;
  /** The round trip to the server, smoothed, in milliseconds; `undefined` before one was measured. */
  readonly roundTrip: number | undefined;
  /** Ends the client and its pipe; requests that are still open reject with `closed`. */
  close(): void;
  stats(): EndpointStats;
}

/** Makes a client of a pipe. The pipe is its own from then on. */
export function connect(pipe: DatagramPipe, options: ConnectOptions): CoapClient {
  return new Client(pipe, options);
}

interface Pending {
  settle(event: ClientEvent): void;
}

class Client implements CoapClient {
  readonly #pipe: DatagramPipe;
  readonly #platform: Platform;
  readonly #endpoint: Endpoint;
  readonly #alarm: Alarm;
  readonly #drain: () => void;
  readonly #pending: Map<number, Pending> = new Map();
  #ended: EndpointError | undefined;

  constructor(pipe: DatagramPipe, options: ConnectOptions) {
    const { platform, roundTrip, ...rest } = options;
    this.#pipe = pipe;
    this.#platform = platform;
    this.#endpoint = new Endpoint({
      ...rest,
      maxPayload: () => pipe.maxPayload,
      roundTrip: () => pipe.roundTrip ?? roundTrip,
      randomBytes: (length) => platform.randomBytes(length),
    });
    this.#drain = drainer(this.#endpoint, pipe, (event) => this.#onEvent(event));
    this.#alarm = new Alarm(platform, () => {
      this.#endpoint.handleTimeout(platform.now());
      this.#run();
    });
    pipe.onDatagram = (datagram, now) => {
      this.#endpoint.receive(datagram, now);
      this.#run();
    };
    pipe.onClose = (reason) => {
      this.#end(new EndpointError('closed', 'pipe_closed', 'the pipe has ended', { cause: reason }));
    };
  }

  request(request: CoapRequest, options: RequestOptions = {}): Promise<CoapResponse> {
    return this.#start(
      (now) => this.#endpoint.request(request, now),
      options,
      (event, resolve) => {
        if (event.kind !== 'response') return;
        const received = event.response.payload.length;
        options.onProgress?.({ sent: request.payload?.length ?? 0, received, total: received });
        resolve(event.response);
      },
    );
  }

  send(request: CoapRequest, options: Pick<RequestOptions, 'signal' | 'timeout'> = {}): Promise<void> {
    return this.#start<void>(
      (now) => this.#endpoint.send(request, now),
      options,
      (event, resolve) => {
        if (event.kind === 'sent') resolve();
      },
    );
  }

  observe(
    request: CoapRequest,
    { signal, ...mode }: ObserveOptions = {},
  ): AsyncIterableIterator<CoapResponse, undefined> {
    if (this.#ended !== undefined) throw this.#ended;
    if (signal?.aborted) throw aborted(signal);
    const id = this.#endpoint.observe(request, mode, this.#platform.now());
    const finish = (error?: EndpointError) => {
      this.#pending.delete(id);
      signal?.removeEventListener('abort', onAbort);
      stream.end(error);
    };
    const cancel = (error?: EndpointError) => {
      if (!this.#pending.has(id)) return;
      this.#endpoint.cancel(id, this.#platform.now());
      finish(error);
      this.#run();
    };
    const onAbort = () => cancel(aborted(signal!));
    const consume = () => {
      this.#endpoint.consume(id);
      this.#run();
    };
    const stream = new NotificationStream(consume, () => cancel());
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#pending.set(id, {
      settle: (event) => {
        if (event.kind === 'failed') finish(event.error);
        else if (event.kind === 'notification') {
          stream.push(event.response);
          if (event.last) finish();
        }
      },
    });
    this.#run();
    return stream;
  }

  ping(options: Pick<RequestOptions, 'signal' | 'timeout'> = {}): Promise<number> {
    return this.#start(
      (now) => this.#endpoint.ping(now),
      options,
      (event, resolve) => {
        if (event.kind === 'pong') resolve(event.milliseconds);
      },
    );
  }

  agree(agreement: Agreement): void {
    this.#endpoint.agree(agreement);
  }

  get roundTrip(): number | undefined {
    return this.#endpoint.roundTrip;
  }

  close(): void {
    if (this.#ended !== undefined) return;
    this.#end(new EndpointError('closed', 'closed_here', 'the client was closed'));
    this.#pipe.close();
  }

  stats(): EndpointStats {
    return { ...this.#endpoint.stats };
  }

  #start<T>(
    begin: (now: number) => number,
    { signal, timeout, onProgress }: RequestOptions,
    succeed: (event: ClientEvent, resolve: (value: T) => void) => void,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      if (signal?.aborted) throw aborted(signal);
      const id = begin(this.#platform.now());
      const giveUp = (error: EndpointError) => {
        this.#endpoint.cancel(id, this.#platform.now());
        this.#pending.get(id)?.settle({ kind: 'failed', id, error });
        this.#run();
      };
      const onAbort = () => giveUp(aborted(signal!));
      signal?.addEventListener('abort', onAbort, { once: true });
      const cancelTimer =
        timeout === undefined
          ? undefined
          : this.#platform.setTimer(timeout, () =>
              giveUp(new EndpointError('timed_out', 'deadline', `no response within ${timeout} ms`)),
            );
      this.#pending.set(id, {
        settle: (event) => {
          if (event.kind === 'progress') {
            onProgress?.(event.progress);
            return;
          }
          this.#pending.delete(id);
          signal?.removeEventListener('abort', onAbort);
          cancelTimer?.();
          if (event.kind === 'failed') reject(event.error);
          else succeed(event, resolve);
        },
      });
      this.#run();
    });
  }

  #onEvent(event: EndpointEvent): void {
    // A client's endpoint takes no requests, so it has no events about them.
    if (!isServerEvent(event)) this.#pending.get(event.id)?.settle(event);
  }

  #run(): void {
    try {
      this.#drain();
      this.#alarm.set(this.#endpoint.pollTimeout());
    } catch (error) {
      // The pipe did not take a datagram.
      this.#end(new EndpointError('closed', 'pipe_closed', 'the pipe failed', { cause: error }));
      this.#pipe.close();
    }
  }

  #end(error: EndpointError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#pipe.onDatagram = undefined;
    this.#pipe.onClose = undefined;
    this.#endpoint.close(error, this.#platform.now());
    this.#drain();
    this.#alarm.cancel();
  }
}

function aborted(signal: AbortSignal): EndpointError {
  return new EndpointError('aborted', 'aborted', 'the request was aborted', { cause: signal.reason });
}
