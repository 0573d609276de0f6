import { type CoapMessage, type DecodeOptions, decodeMessage, isRequest, Type } from '@lb-matrix/coap-codec';
import { Agreed, type Agreement } from './agreement.ts';
import { Allowance } from './allowance.ts';
import { Bulk } from './bulk/bulk.ts';
import { ClientBlocks } from './bulk/client-blocks.ts';
import { inQBlocks } from './bulk/in-q-blocks.ts';
import { peerFlow } from './bulk/peer-flow.ts';
import { ServerBlocks } from './bulk/server-blocks.ts';
import { ClientObservations } from './client-observations.ts';
import { ClientRole } from './client-role.ts';
import { Deadlines } from './deadlines.ts';
import { Duplicates, type Received } from './duplicates.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { EndpointError } from './errors.ts';
import type { EndpointEvent } from './events.ts';
import type { CoapRequest, CoapResponse, ObserveMode } from './exchange.ts';
import { Exchanges } from './exchanges.ts';
import { understood } from './known-options.ts';
import { MessageLayer, type Timer } from './message-layer.ts';
import type { NotifyOptions } from './observation.ts';
import { PathSize } from './path-size.ts';
import { Quota } from './quota.ts';
import { requestInAck } from './request-in-ack.ts';
import { Resets } from './resets.ts';
import { Responses } from './responses.ts';
import { ServerRole } from './server-role.ts';
import { type EndpointStats, emptyStats } from './stats.ts';
import { Timing } from './timing.ts';
import { Tokens } from './tokens.ts';
import { transmission } from './transmission.ts';

/** How long what has expired may stay, in milliseconds: it is not worth a timer each. */
const SWEEP = 10_000;

/**
 * A CoAP endpoint for one peer, without I/O: datagrams and time go in, datagrams and events come out (RFC 7252, RFC
 * 7641, RFC 7959, RFC 9177). Its driver calls `receive` for each datagram and `handleTimeout` when `pollTimeout` says; after each call,
 * commands included, it drains `pollTransmit` and `pollEvent`. Times are monotonic milliseconds.
 */
export class Endpoint {
  readonly #timers: Deadlines<Timer> = new Deadlines();
  readonly #events: EndpointEvent[] = [];
  readonly #stats: EndpointStats = emptyStats();
  readonly #agreed: Agreed = new Agreed();
  readonly #decoding: DecodeOptions;
  readonly #allowance: Allowance | undefined;
  readonly #timing: Timing;
  readonly #path: PathSize = new PathSize();
  readonly #layer: MessageLayer;
  readonly #bulk: Bulk;
  readonly #resets: Resets;
  readonly #responses: Responses;
  readonly #client: ClientRole;
  readonly #observations: ClientObservations;
  readonly #server: ServerRole | undefined;
  readonly #duplicates: Duplicates;
  readonly #sweep: Timer = { fire: (now) => this.#expire(now) };
  /** The observations that wait for a message. */
  readonly #listening: Set<number> = new Set();
  #sweeping = false;
  #nextId = 0;
  #closed = false;

  constructor(options: EndpointOptions) {
    const { randomBytes, server } = options;
    const timing = new Timing({
      transmission: transmission(options.transmission),
      control: options.congestion,
      agreed: this.#agreed,
      hint: options.roundTrip,
    });
    this.#timing = timing;
    const emit = (event: EndpointEvent) => void this.#events.push(event);
    const registry = understood(options.optionRegistry);
    this.#duplicates = new Duplicates(timing, new Quota(options.maxDuplicates ?? 4096, server?.shared.duplicates));
    this.#decoding = { maxTokenLength: options.maxTokenLength ?? 8 };
    if (server?.validated !== undefined) this.#allowance = new Allowance(server.validated, randomBytes);
    const { maxPayload } = options;
    const path = this.#path;
    const layer = new MessageLayer(timing, randomBytes, maxPayload, this.#timers, this.#stats, path, this.#allowance);
    this.#layer = layer;
    this.#resets = new Resets(layer, this.#stats);
    const common = { layer, timers: this.#timers, registry, stats: this.#stats, emit };
    const tokens = new Tokens(options.tokenLength ?? 4, randomBytes);
    const exchanges = new Exchanges({ ...common, timing, tokens });
    const { maxBodyBytes } = options;
    const roundTrip = () => timing.roundTrip ?? options.roundTrip?.();
    const bulk = new Bulk({ ...common, path, flow: peerFlow(randomBytes, roundTrip), roundTrip });
    this.#bulk = bulk;
    const sharing = { ...common, agreed: this.#agreed, strangers: options.blockwise === 'rfc9177', roundTrip, bulk };
    const blocks = new ClientBlocks({ ...sharing, exchanges, maxBodyBytes });
    this.#client = new ClientRole({ ...common, exchanges, blocks, maxBodyBytes });
    this.#observations = new ClientObservations({ ...common, exchanges, blocks, maxBodyBytes, randomBytes });
    this.#responses = new Responses({
      ...common,
      exchanges,
      observations: this.#observations,
      blocks,
      duplicates: this.#duplicates,
      resets: this.#resets,
    });
    if (server === undefined) return;
    const { session } = server;
    const { transfers } = server.shared;
    this.#server = new ServerRole({
      ...common,
      timing,
      allowance: this.#allowance,
      session,
      transfers,
      blocks: new ServerBlocks({ ...sharing, allowance: this.#allowance, session, transfers }),
      observations: new Quota(server.maxObservations ?? 64, server.shared.observations),
      duplicates: this.#duplicates,
      ackDelay: server.ackDelay ?? 200,
      maxRequests: server.maxRequests ?? 64,
      describeTooLarge: server.describeTooLarge,
    });
  }

  /** What went over it so far; the object changes as more does. */
  get stats(): Readonly<EndpointStats> {
    return this.#stats;
  }

  /** The round trip, smoothed, in milliseconds; `undefined` while there is no measurement. */
  get roundTrip(): number | undefined {
    return this.#timing.roundTrip;
  }

  /** Nothing that was asked of it as a server is in progress. */
  get idle(): boolean {
    return (this.#server?.idle ?? true) && !this.#bulk.busy;
  }

  /** Takes a datagram from the peer. The bytes are copied. Never throws for what they are. */
  receive(datagram: Uint8Array, now: number): void {
    if (this.#closed) return;
    this.#bulk.fire(now);
    this.#path.pass(now);
    this.#stats.datagramsReceived++;
    this.#stats.bytesReceived += datagram.length;
    this.#allowance?.received(datagram.length);
    const decoded = decodeMessage(new Uint8Array(datagram), this.#decoding);
    const message = decoded.kind === 'message' ? decoded.message : this.#askedInAck(datagram, now);
    if (message === undefined) {
      if (decoded.kind === 'malformed' && decoded.response === 'reset') this.#resets.reject(decoded.messageId!, now);
      else this.#stats.dropped++;
      return;
    }
    for (const id of this.#listening) this.#events.push({ kind: 'heard', id });
    this.#listening.clear();
    switch (message.type) {
      case Type.ACK:
        this.#responses.acknowledgement(message, now);
        break;
      case Type.RST:
        if (!this.#layer.reset(message.messageId, now) && !this.#bulk.reset(message.messageId, now))
          this.#stats.dropped++;
        break;
      default:
        this.#receiveMessage(message, now);
        this.#scheduleSweep();
    }
  }

  /** Does what is due. */
  handleTimeout(now: number): void {
    this.#bulk.fire(now);
    this.#path.pass(now);
    for (let timer = this.#timers.takeDue(now); timer !== undefined; timer = this.#timers.takeDue(now)) timer.fire(now);
  }

  /** When `handleTimeout` has something to do; `undefined` when nothing is due ever. */
  pollTimeout(): number | undefined {
    return this.#closed ? undefined : this.#timers.next();
  }

  /** Writes the next datagram to `out` and returns its length; `undefined` when there is none. */
  pollTransmit(out: Uint8Array): number | undefined {
    // Blocks of large bodies are last: what is small does not wait for them.
    return this.#closed ? undefined : (this.#layer.pollTransmit(out) ?? this.#bulk.pollTransmit(out));
  }

  /** The next event for the layer above; `undefined` when there is none. */
  pollEvent(): EndpointEvent | undefined {
    return this.#events.shift();
  }

  /**
   * Both ends agree on this from now on: it holds for what is begun afterwards, until the endpoint ends. What was agreed on
   * before stays.
   */
  agree(agreement: Agreement): void {
    this.#agreed.add(agreement);
  }

  /** Starts a request and returns its id. Throws `EndpointError` (`refused`) for one that cannot be sent. */
  request(request: CoapRequest, now: number): number {
    const id = this.#nextId++;
    this.#client.request(id, request, now);
    return id;
  }

  /**
   * Sends a request that wants no response (RFC 7967), and returns its id. Throws `EndpointError` (`refused`) for one
   * that does not fit one message.
   */
  send(request: CoapRequest, now: number): number {
    const id = this.#nextId++;
    this.#client.send(id, request, now);
    return id;
  }

  /**
   * Observes a resource (RFC 7641) and returns the observation's id. Throws `EndpointError` (`refused`) for a request
   * that cannot be observed.
   */
  observe(request: CoapRequest, mode: ObserveMode, now: number): number {
    const id = this.#nextId++;
    this.#observations.observe(id, request, mode, now);
    return id;
  }

  /** Acknowledges the notifications that were handed over (the mode `acknowledgeConsumed`). */
  consume(id: number): void {
    this.#observations.consume(id);
  }

  /** Starts a ping and returns its id. */
  ping(now: number): number {
    const id = this.#nextId++;
    this.#client.ping(id, now);
    return id;
  }

  /** Gives a request, an observation or a ping up; no event follows. */
  cancel(id: number, now: number): void {
    this.#client.cancel(id, now);
    this.#observations.cancel(id, now);
  }

  /** Says at once that a request was received; its response will be separate (RFC 7252 section 5.2.2). */
  acknowledge(id: number): void {
    this.#server?.acknowledge(id);
  }

  /**
   * Answers a request; without effect when it was answered or cancelled. Throws blockwise's or coap-codec's error for a
   * response that cannot be sent, after a 5.00 went in its place.
   */
  respond(id: number, response: CoapResponse, now: number): void {
    this.#server?.respond(id, response, now);
  }

  /**
   * Accepts a request's wish to be told of changes, before it is answered, and returns the observation's id;
   * `undefined` when it has no such wish or no more observations are accepted.
   */
  accept(id: number, now: number): number | undefined {
    return this.#server?.accept(id, now);
  }

  /**
   * Notifies an observer and returns the notification's id. Throws coap-codec's error for a response that cannot be
   * sent.
   */
  notify(observation: number, response: CoapResponse, options: NotifyOptions, now: number): number {
    return this.#server!.notify(observation, response, options, false, now);
  }

  /** Ends an observation: with a last notification (its id is returned), or in silence. */
  unobserve(observation: number, response: CoapResponse | undefined, now: number): number | undefined {
    if (response !== undefined) return this.#server!.notify(observation, response, {}, true, now);
    this.#server?.end(observation, now);
    return undefined;
  }

  /** Asks for the event `heard` when the next message of the peer arrives. */
  listen(observation: number): void {
    this.#listening.add(observation);
  }

  /** From now on new requests are answered 5.03; see `idle`. */
  drain(): void {
    this.#server?.drain();
  }

  /** Ends it: what is open fails with `error`. Nothing is sent any more. */
  close(error: EndpointError, now: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.close(error, now);
    this.#observations.close(error, now);
    this.#server?.close(now);
    this.#bulk.clear();
    this.#duplicates.clear();
  }

  /** The answer to a message that came again. Where the path loses it for its length, it says the same in shorter blocks. */
  #answerAgain(message: CoapMessage, before: Received, answer: Uint8Array, now: number): Uint8Array {
    before.repeats++;
    if (this.#layer.lost(answer.length, before.repeats, before.at, now)) this.#server?.shorten(message, before, now);
    return before.answer ?? answer;
  }

  /** The request that came in an ACK which something waits for. */
  #askedInAck(datagram: Uint8Array, now: number): CoapMessage | undefined {
    const asked = requestInAck(datagram, this.#decoding);
    return asked !== undefined && this.#layer.acknowledge(asked.messageId, undefined, now) ? asked : undefined;
  }

  #receiveMessage(message: CoapMessage, now: number): void {
    // Section 4.3: an Empty CON asks for a Reset.
    if (message.code === 0) {
      this.#resets.answer(message.messageId, now);
      return;
    }
    // RFC 9177 section 4.4: a block that comes again is known by its number.
    const isBlock = message.type === Type.NON && inQBlocks(message);
    const before = isBlock ? undefined : this.#duplicates.find(message, now);
    if (before !== undefined) {
      this.#stats.duplicates++;
      if (before.answer !== undefined) this.#layer.transmit(this.#answerAgain(message, before, before.answer, now));
    } else if (!isRequest(message.code)) {
      if (isBlock) this.#responses.block(message, now);
      else this.#responses.message(message, now);
    } else if (this.#server !== undefined) {
      this.#server.receive(message, now);
    } else {
      this.#resets.reject(message.messageId, now);
    }
  }

  #scheduleSweep(): void {
    const next = this.#sweeping ? undefined : this.#duplicates.nextExpiry();
    if (next === undefined) return;
    this.#sweeping = true;
    this.#timers.set(this.#sweep, next + SWEEP);
  }

  #expire(now: number): void {
    this.#sweeping = false;
    this.#duplicates.expire(now);
    this.#scheduleSweep();
  }
}
