import { Code } from '@lb-matrix/coap-codec';
import type { Agreement } from './agreement.ts';
import { drainer } from './drain.ts';
import { Endpoint } from './endpoint.ts';
import type { SharedState } from './endpoint-options.ts';
import { EndpointError } from './errors.ts';
import type { EndpointEvent, ServerEvent } from './events.ts';
import type { CoapResponse, DescribeTooLarge } from './exchange.ts';
import type { NotificationOutcome, Observation } from './observation.ts';
import { ObservationHandle } from './observation-handle.ts';
import type { DatagramPipe } from './pipe.ts';
import { Request, type RequestCommands } from './request.ts';
import type { ServerOptions } from './server.ts';

const NOTHING_MORE: ReturnType<DescribeTooLarge> = { options: [], payload: new Uint8Array() };

type RequestEvent = Extract<ServerEvent, { kind: 'request' }>;

/** One pipe of a server: its endpoint, and the requests that its handler has. */
export class ServerSession implements RequestCommands {
  readonly endpoint: Endpoint;
  readonly #pipe: DatagramPipe;
  readonly #options: ServerOptions;
  readonly #drain: () => void;
  readonly #requests: Map<number, Request> = new Map();
  readonly #observations: Map<number, ObservationHandle> = new Map();
  /** What waits for the outcome of a notification. */
  readonly #notifications: Map<number, (outcome: NotificationOutcome) => void> = new Map();
  readonly #server: { changed(deadline: number | undefined): void; ended(): void };
  #ended = false;

  /** `changed` is told the endpoint's deadline after whatever happened, `ended` that the pipe is gone. */
  constructor(
    pipe: DatagramPipe,
    options: ServerOptions,
    shared: SharedState,
    server: { changed(deadline: number | undefined): void; ended(): void },
  ) {
    this.#pipe = pipe;
    this.#options = options;
    this.#server = server;
    this.endpoint = new Endpoint({
      maxPayload: () => pipe.maxPayload,
      randomBytes: (length) => options.platform.randomBytes(length),
      transmission: options.transmission,
      congestion: options.congestion,
      blockwise: options.blockwise,
      roundTrip: () => pipe.roundTrip,
      optionRegistry: options.optionRegistry,
      maxDuplicates: options.maxPeerDuplicates,
      maxTokenLength: options.maxTokenLength,
      server: {
        session: pipe,
        shared,
        ackDelay: options.ackDelay,
        maxRequests: options.maxPeerRequests,
        maxObservations: options.maxPeerObservations,
        validated: () => pipe.peer.validated,
        describeTooLarge: (request) => this.#describeTooLarge(request),
      },
    });
    this.#drain = drainer(this.endpoint, pipe, (event) => this.#onEvent(event));
    pipe.onDatagram = (datagram, now) => {
      this.endpoint.receive(datagram, now);
      this.#run();
    };
    pipe.onClose = (reason) => this.#end(reason);
  }

  /** The endpoint's deadline has come. */
  wake(now: number): void {
    this.endpoint.handleTimeout(now);
    this.#run();
  }

  close(): void {
    this.#end(undefined);
    this.#pipe.close();
  }

  #run(): void {
    if (this.#ended) return;
    try {
      this.#drain();
    } catch (error) {
      // The pipe did not take a datagram.
      this.#end(error);
      this.#pipe.close();
      return;
    }
    this.#server.changed(this.endpoint.pollTimeout());
  }

  #onEvent(event: EndpointEvent): void {
    switch (event.kind) {
      case 'request':
        this.#handle(event);
        break;
      case 'cancelled':
        this.#requests.get(event.id)?.abort();
        break;
      case 'established':
        this.#observations.get(event.id)?.establish(event.outcome);
        break;
      case 'heard':
        this.#observations.get(event.id)?.hear();
        break;
      case 'notified':
        this.#notifications.get(event.id)?.(event.outcome);
        this.#notifications.delete(event.id);
        break;
      case 'unobserved':
        this.#observations.get(event.id)?.abort(event.reason);
        this.#observations.delete(event.id);
    }
  }

  #handle(event: RequestEvent): void {
    const request = new Request(event, this.#pipe, this);
    this.#requests.set(event.id, request);
    try {
      const response = this.#options.handler(request);
      if (!('then' in response)) {
        this.#respond(event.id, response);
        return;
      }
      response.then(
        (answer) => this.#respond(event.id, answer),
        (error: unknown) => this.#fail(event.id, error),
      );
    } catch (error) {
      this.#fail(event.id, error);
    }
  }

  /** The early empty ACK to a request. */
  acknowledge(id: number): void {
    this.endpoint.acknowledge(id);
    this.#run();
  }

  /** Accepts the observation that a request asks for. */
  observe(requestId: number): Observation | undefined {
    const { platform } = this.#options;
    const id = this.endpoint.accept(requestId, platform.now());
    if (id === undefined) return undefined;
    const known = this.#observations.get(id);
    if (known !== undefined) return known;
    const observation = new ObservationHandle({
      notify: (response, options) => {
        const notification = this.endpoint.notify(id, response, options, platform.now());
        if (this.#ended) return Promise.resolve('ended');
        return new Promise((resolve) => {
          this.#notifications.set(notification, resolve);
          this.#run();
        });
      },
      end: (response) => {
        this.endpoint.unobserve(id, response, platform.now());
        this.#run();
      },
      listen: () => this.endpoint.listen(id),
    });
    this.#observations.set(id, observation);
    return observation;
  }

  /** What the client is known to understand. */
  agree(agreement: Agreement): void {
    this.endpoint.agree(agreement);
  }

  #describeTooLarge(request: Parameters<DescribeTooLarge>[0]): ReturnType<DescribeTooLarge> {
    try {
      return this.#options.describeTooLarge?.(request) ?? NOTHING_MORE;
    } catch (error) {
      this.#options.onError?.(error);
      return NOTHING_MORE;
    }
  }

  #respond(id: number, response: CoapResponse): void {
    this.#requests.delete(id);
    if (this.#ended) return;
    try {
      this.endpoint.respond(id, response, this.#options.platform.now());
    } catch (error) {
      this.#options.onError?.(error);
    }
    this.#run();
  }

  #fail(id: number, error: unknown): void {
    this.#options.onError?.(error);
    this.#respond(id, { code: Code.InternalServerError, options: [], payload: new Uint8Array() });
  }

  #end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pipe.onDatagram = undefined;
    this.#pipe.onClose = undefined;
    const error = new EndpointError('closed', 'pipe_closed', 'the session has ended', { cause: reason });
    this.endpoint.close(error, this.#options.platform.now());
    this.#drain();
    this.#server.ended();
  }
}
