import {
  type CoapRequest,
  type CoapResponse,
  Endpoint,
  type EndpointEvent,
  type EndpointOptions,
  type NotifyOptions,
  type ObserveMode,
  type SharedState,
  sharedState,
} from '../../src/index.ts';
import { fromHex, hexOf } from './messages.ts';
import { zeroBytes } from './random.ts';

type ServerParts = Partial<NonNullable<EndpointOptions['server']>> & { shared?: SharedState };

/** An endpoint whose datagrams are hex and whose time is a number that the test sets. */
export class Engine {
  readonly endpoint: Endpoint;
  now = 0;
  maxPayload = 1232;
  readonly #held: EndpointEvent[] = [];
  readonly #out = new Uint8Array(2048);

  constructor(options: Partial<Omit<EndpointOptions, 'server'>> & { server?: ServerParts } = {}) {
    const { server, ...rest } = options;
    this.endpoint = new Endpoint({
      randomBytes: zeroBytes,
      maxPayload: () => this.maxPayload,
      ...rest,
      ...(server === undefined
        ? {}
        : { server: { ...server, session: server.session ?? this, shared: server.shared ?? sharedState() } }),
    });
  }

  /** What it sends, as hex; empty when it has nothing to say. */
  sent(): string[] {
    const out = this.#out.subarray(0, this.maxPayload);
    const datagrams: string[] = [];
    for (let n = this.endpoint.pollTransmit(out); n !== undefined; n = this.endpoint.pollTransmit(out)) {
      datagrams.push(hexOf(out.subarray(0, n)));
    }
    return datagrams;
  }

  events(): EndpointEvent[] {
    const events = this.#held.splice(0);
    for (let e = this.endpoint.pollEvent(); e !== undefined; e = this.endpoint.pollEvent()) events.push(e);
    return events;
  }

  /** Takes a datagram and returns what is sent for it. */
  receive(datagram: string | Uint8Array): string[] {
    this.endpoint.receive(typeof datagram === 'string' ? fromHex(datagram) : datagram, this.now);
    return this.sent();
  }

  request(request: CoapRequest): number {
    return this.endpoint.request(request, this.now);
  }

  observe(request: CoapRequest, mode: ObserveMode = {}): number {
    return this.endpoint.observe(request, mode, this.now);
  }

  respond(id: number, response: CoapResponse): string[] {
    this.endpoint.respond(id, response, this.now);
    return this.sent();
  }

  acknowledge(id: number): string[] {
    this.endpoint.acknowledge(id);
    return this.sent();
  }

  /** Notifies an observer and returns what is sent for it. */
  notify(observation: number, response: CoapResponse, options: NotifyOptions = {}): string[] {
    this.endpoint.notify(observation, response, options, this.now);
    return this.sent();
  }

  /** Takes a registration, accepts it and answers it. Returns the observation's id; `established` is gone. */
  register(datagram: string | Uint8Array, response: CoapResponse): number {
    this.receive(datagram);
    const request = this.events().find(({ kind }) => kind === 'request');
    const observation = request === undefined ? undefined : this.endpoint.accept(request.id, this.now);
    if (observation === undefined) throw new Error('not accepted');
    this.respond(request!.id, response);
    this.#held.push(...this.events().filter(({ kind }) => kind !== 'established'));
    return observation;
  }

  /** The request that the last datagram brought to the handler. */
  request1(): Extract<EndpointEvent, { kind: 'request' }> {
    const [event, ...more] = this.events();
    if (event?.kind !== 'request' || more.length > 0) throw new Error('not one request');
    return event;
  }

  /** Lets time pass, and returns what is sent in it: time in ms and hex. */
  pass(ms: number): [number, string][] {
    const end = this.now + ms;
    const log: [number, string][] = [];
    for (let at = this.endpoint.pollTimeout(); at !== undefined && at <= end; at = this.endpoint.pollTimeout()) {
      this.now = Math.max(this.now, at);
      this.endpoint.handleTimeout(this.now);
      for (const datagram of this.sent()) log.push([this.now, datagram]);
    }
    this.now = end;
    return log;
  }
}
