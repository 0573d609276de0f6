import {
  BlockwiseError,
  cacheKey,
  fits,
  type MessagePart,
  type Room,
  type ServerTransfers,
  type Ticket,
} from '@lb-matrix/blockwise';
import {
  CoapError,
  type CoapMessage,
  Code,
  checkOptions,
  codeClass,
  findOption,
  isResponse,
  OptionNumber,
  type OptionRegistry,
  opaqueOption,
  Type,
} from '@lb-matrix/coap-codec';
import type { Allowance } from './allowance.ts';
import { bodyKey } from './body-key.ts';
import { HeldAcks } from './bulk/held-acks.ts';
import type { ServerBlocks } from './bulk/server-blocks.ts';
import type { Deadlines } from './deadlines.ts';
import type { Duplicates, Received } from './duplicates.ts';
import type { ServerEvent } from './events.ts';
import type { CoapResponse, DescribeTooLarge } from './exchange.ts';
import type { Incoming } from './incoming.ts';
import { withoutQBlocks } from './known-options.ts';
import { isLater, isLaterBlock } from './later-block.ts';
import { type MessageLayer, PROMPT, THINKING, type Timer } from './message-layer.ts';
import { isOf, unwanted } from './no-response.ts';
import type { NotifyOptions } from './observation.ts';
import { diagnosis, empty, observeOf } from './own-answers.ts';
import type { Quota } from './quota.ts';
import { Replies } from './replies.ts';
import { ServerObservations } from './server-observations.ts';
import { type AnswerBodies, shorterAnswer } from './shorter-answer.ts';
import type { EndpointStats } from './stats.ts';
import { ACK_DELAY, type Timing } from './timing.ts';

/** What a server does for a peer: requests with their responses (RFC 7252 section 5), each executed once. */
export class ServerRole {
  readonly #layer: MessageLayer;
  readonly #allowance: Allowance | undefined;
  readonly #timers: Deadlines<Timer>;
  readonly #timing: Timing;
  readonly #registry: OptionRegistry;
  /** The same without the options of RFC 9177. */
  readonly #strangersRegistry: OptionRegistry;
  readonly #blocks: ServerBlocks;
  readonly #bodies: AnswerBodies;
  readonly #acks: HeldAcks;
  readonly #session: object;
  readonly #transfers: ServerTransfers;
  readonly #observations: ServerObservations;
  readonly #duplicates: Duplicates;
  readonly #ackDelay: number;
  readonly #maxRequests: number;
  readonly #replies: Replies;
  readonly #stats: EndpointStats;
  readonly #emit: (event: ServerEvent) => void;
  readonly #incoming: Map<number, Incoming> = new Map();
  #nextId = 0;
  #draining = false;

  constructor(parts: {
    layer: MessageLayer;
    allowance: Allowance | undefined;
    timers: Deadlines<Timer>;
    timing: Timing;
    registry: OptionRegistry;
    blocks: ServerBlocks;
    session: object;
    transfers: ServerTransfers;
    observations: Quota;
    duplicates: Duplicates;
    ackDelay: number;
    maxRequests: number;
    describeTooLarge: DescribeTooLarge | undefined;
    stats: EndpointStats;
    emit: (event: ServerEvent) => void;
  }) {
    this.#layer = parts.layer;
    this.#allowance = parts.allowance;
    this.#timers = parts.timers;
    this.#timing = parts.timing;
    this.#registry = parts.registry;
    this.#strangersRegistry = withoutQBlocks(parts.registry);
    this.#blocks = parts.blocks;
    this.#bodies = parts;
    this.#acks = new HeldAcks(parts.layer, parts.timers);
    this.#session = parts.session;
    this.#transfers = parts.transfers;
    this.#duplicates = parts.duplicates;
    this.#ackDelay = parts.ackDelay;
    this.#maxRequests = parts.maxRequests;
    this.#replies = new Replies(parts.layer, parts.describeTooLarge, parts.session);
    this.#stats = parts.stats;
    this.#emit = parts.emit;
    this.#observations = new ServerObservations(parts.layer, parts.blocks, parts.observations, parts.emit);
  }

  /** From now on new requests are answered 5.03; those in progress go on. */
  drain(): void {
    this.#draining = true;
  }

  /** Nothing is in progress: no request, no separate response, no body that is under way. */
  get idle(): boolean {
    return this.#incoming.size === 0 && !this.#transfers.unfinished(this.#session);
  }

  /** A request that is no duplicate. */
  receive(message: CoapMessage, now: number): void {
    const inQBlocks = this.#blocks.known;
    const registry = inQBlocks ? this.#registry : this.#strangersRegistry;
    const { usable, bad } = checkOptions(message.options, registry);
    if (bad !== undefined) {
      // Section 5.4.1: a NON with it is rejected, which for a NON means: dropped.
      if (message.type === Type.CON) this.#replies.reply(message, diagnosis(bad), undefined, now);
      else this.#stats.dropped++;
      return;
    }
    const part: MessagePart = { code: message.code, options: usable, payload: message.payload };
    const echo = this.#allowance?.limited ? findOption(usable, OptionNumber.Echo) : undefined;
    if (echo !== undefined) this.#allowance!.prove(echo.value);
    if (inQBlocks && this.#receiveInQBlocks(message, part, now)) return;
    const step = this.#transfers.continues(this.#session, part);
    if (!step && this.#mustRefuse(part, now)) {
      this.#replies.reply(message, empty(Code.ServiceUnavailable), undefined, now);
      return;
    }
    // Section 4.5: what has the same effect and answer when it is processed twice need not be remembered.
    const received = step ? undefined : this.#duplicates.add(message, now);
    try {
      const arrival = this.#transfers.receive(this.#session, part, this.#room(message), now);
      if (arrival.kind === 'request')
        this.#handOver(message, arrival.request, arrival.ticket, received!, this.#ackTime(now), now);
      else this.#replies.reply(message, this.#replies.described(message, part, arrival.response), received, now);
      // RFC 7959 section 2.6: who asks for a further block has the first one, whenever it will acknowledge that.
      if (this.#layer.waiting && isLater(usable, OptionNumber.Block2))
        this.#layer.prove(cacheKey(part.code, part.options), false, now);
    } catch (error) {
      if (!(error instanceof BlockwiseError)) throw error;
      this.#replies.reply(message, empty(Code.InternalServerError), received, now);
    }
  }

  /** What the blocks of RFC 9177 are about; false: it is something else. */
  #receiveInQBlocks(message: CoapMessage, part: MessagePart, now: number): boolean {
    if (findOption(part.options, OptionNumber.QBlock1) !== undefined) {
      // RFC 9177 section 4.1: no mix of the two in one message.
      if (hasBlock(part)) this.#replies.reply(message, empty(Code.BadOption), undefined, now);
      else this.#receiveBlock(message, part, now);
      return true;
    }
    const outcome = this.#blocks.requested(message, part, now);
    if (outcome === 'none') return false;
    if (outcome === 'invalid') this.#replies.reply(message, empty(Code.BadRequest), undefined, now);
    else if (outcome === 'gone') {
      // Of a resource that is observed another body has taken its place, and is on its way.
      if (this.#observations.has(message.token)) return true;
      this.#replies.reply(message, empty(Code.RequestEntityIncomplete), undefined, now);
    } else if (message.type === Type.CON) this.#layer.transmitEmpty(Type.ACK, message.messageId);
    return true;
  }

  /** A block of a request (RFC 9177 section 4.3). A NON need not be remembered: its block is known. */
  #receiveBlock(message: CoapMessage, part: MessagePart, now: number): void {
    const confirmable = message.type === Type.CON;
    const answers = confirmable || !this.#blocks.prompt;
    if (this.#mustRefuse(part, now)) {
      if (answers) this.#replies.reply(message, empty(Code.ServiceUnavailable), undefined, now);
      return;
    }
    const arrival = this.#blocks.receive(message, part, now);
    const received = confirmable
      ? this.#duplicates.add(message, now)
      : { at: now, repeats: 0, expires: now, answer: undefined };
    if (arrival.kind === 'answer') {
      if (answers)
        this.#replies.reply(message, this.#replies.described(message, part, arrival.response), received, now);
      return;
    }
    if (arrival.kind === 'request') {
      const { request, ticket } = arrival;
      const held = this.#acks.take(message.token);
      if (held !== undefined) this.#handOver(held.message, request, ticket, held.received, held.at, now);
      else this.#handOver(message, request, ticket, received, answers ? this.#ackTime(now) : undefined, now);
    } else if (confirmable && arrival.kind === 'partial' && this.#blocks.prompt) {
      this.#acks.hold(message, received, this.#ackTime(now));
    } else if (confirmable) received.answer = this.#layer.transmitEmpty(Type.ACK, message.messageId);
  }

  /** The empty ACK (section 5.2.2). */
  acknowledge(id: number): void {
    const incoming = this.#incoming.get(id);
    if (incoming !== undefined) this.#acknowledge(incoming);
  }

  /**
   * Answers a request; without effect when it was answered or cancelled. Throws `BlockwiseError` or `CoapError` for a
   * response that cannot be sent, after a 5.00 went in its place.
   */
  respond(id: number, response: CoapResponse, now: number): void {
    const incoming = this.#incoming.get(id);
    if (incoming === undefined || incoming.delivery !== undefined) return;
    this.#timers.delete(incoming);
    let part: MessagePart = empty(Code.InternalServerError);
    try {
      if (!isResponse(response.code)) throw new CoapError('invalid_code', `${response.code} is not a response code`);
      part = this.#firstMessage(incoming, response, now);
    } finally {
      incoming.ticket.release?.();
      this.#answer(incoming, response, part, now);
    }
  }

  /**
   * Accepts a request's wish to be told of changes and returns the observation's id; `undefined` when it has none, or
   * there is no place for another observation.
   */
  accept(id: number, now: number): number | undefined {
    const incoming = this.#incoming.get(id);
    if (incoming === undefined || !incoming.observe || incoming.delivery !== undefined) return undefined;
    incoming.observation ??= this.#observations.open(incoming.message.token, incoming.ticket, now);
    return incoming.observation?.id;
  }

  /** Queues a notification and returns its id. Throws `CoapError` for a response that cannot be sent. */
  notify(observation: number, response: CoapResponse, options: NotifyOptions, last: boolean, now: number): number {
    return this.#observations.notify(observation, response, options, last, now);
  }

  /** Ends an observation in silence. */
  end(observation: number, now: number): void {
    this.#observations.end(observation, now);
  }

  /** Ends all that is in progress. */
  close(now: number): void {
    for (const incoming of this.#incoming.values()) {
      this.#timers.delete(incoming);
      if (incoming.delivery !== undefined) this.#layer.settle(incoming.delivery, now);
      this.#emit({ kind: 'cancelled', id: incoming.id });
    }
    this.#incoming.clear();
    this.#observations.close(now);
    this.#blocks.clear();
    this.#acks.clear();
    this.#transfers.forget(this.#session);
  }

  /** A live entry for duplicates is never given up for a new request: that waits for better times (5.03). */
  #mustRefuse(part: MessagePart, now: number): boolean {
    if (this.#draining && !isLaterBlock(part.options)) return true;
    return this.#incoming.size >= this.#maxRequests || this.#duplicates.full(now);
  }

  /** When a message that arrived at `now` is acknowledged at the latest. */
  #ackTime(now: number): number {
    // Whoever measures relies on an acknowledgement within ACK_DELAY.
    return now + (this.#timing.measured ? Math.min(this.#ackDelay, ACK_DELAY) : this.#ackDelay);
  }

  /** `ackAt`: when it is acknowledged at the latest; `undefined`: it was, so that the response is a message of its own. */
  #handOver(
    message: CoapMessage,
    request: MessagePart,
    ticket: Ticket,
    received: Received,
    ackAt: number | undefined,
    now: number,
  ): void {
    const id = this.#nextId++;
    const observe = observeOf(request, ticket);
    // RFC 7641 section 4.1: either value ends what this token observed before.
    if (observe !== undefined) this.#observations.remove(message.token, observe === 0 ? 'replaced' : 'cancelled', now);
    const incoming: Incoming = {
      id,
      message,
      ticket,
      received,
      acknowledged: ackAt === undefined,
      proceed: undefined,
      delivery: undefined,
      unwanted: unwanted(message),
      observe: observe === 0,
      observation: undefined,
      fire: () => this.#acknowledge(incoming),
    };
    this.#incoming.set(id, incoming);
    if (message.type === Type.CON && ackAt !== undefined) this.#timers.set(incoming, ackAt);
    this.#stats.requests++;
    const { code, options, payload } = request;
    this.#emit({ kind: 'request', id, code, options, payload, observe: observe === 0 });
  }

  #acknowledge(incoming: Incoming): void {
    if (incoming.acknowledged || incoming.delivery !== undefined || incoming.message.type !== Type.CON) return;
    incoming.acknowledged = true;
    this.#timers.delete(incoming);
    incoming.received.answer = this.#layer.transmitEmpty(Type.ACK, incoming.message.messageId);
  }

  /** The first message of a response; with Observe when that was accepted (RFC 7641 section 4.1). */
  #firstMessage(incoming: Incoming, response: CoapResponse, now: number): MessagePart {
    const { observation, message, ticket } = incoming;
    if (isOf(incoming.unwanted, response.code)) return empty(response.code);
    const room = this.#room(message);
    const limited = this.#allowance?.limited && !fits(response, room);
    const answer = limited ? this.#asking(response) : response;
    try {
      const { first, proceed } =
        observation === undefined
          ? this.#blocks.respond(ticket, answer, room, now)
          : this.#observations.answer(observation, answer, now);
      incoming.proceed = proceed;
      return observation !== undefined && codeClass(first.code) === 2 ? this.#observations.observed(first) : first;
    } catch (error) {
      if (!(limited && error instanceof BlockwiseError)) throw error;
      // Not even a small block is allowed. What was safe to ask is asked for again; of the rest the code must do.
      const safe = message.code === Code.GET || message.code === Code.FETCH;
      return this.#asking(empty(safe ? Code.Unauthorized : response.code));
    }
  }

  /** RFC 9175 section 2.4: a response that asks the peer to show, with its next request, that it is there. */
  #asking({ code, options, payload }: CoapResponse): MessagePart {
    return { code, options: [...options, opaqueOption(OptionNumber.Echo, this.#allowance!.echo)], payload };
  }

  /** A request came again, since its answer is too long for the path: it gets the same in shorter blocks, if all of it is still there. */
  shorten(message: CoapMessage, received: Received, now: number): void {
    const room = this.#room(message);
    received.answer = shorterAnswer(message, received.answer!, this.#bodies, room, now) ?? received.answer;
  }

  #answer(incoming: Incoming, response: CoapResponse, part: MessagePart, now: number): void {
    const { id, message, received, observation } = incoming;
    this.#blocks.answered(message.token);
    const silent = isOf(incoming.unwanted, part.code);
    if (observation !== undefined && (silent || codeClass(part.code) !== 2)) observation.remove('ended', now);
    if (silent || !incoming.acknowledged) {
      this.#incoming.delete(id);
      if (!silent) this.#replies.send(message, part, received, now);
      else if (!incoming.acknowledged) this.#replies.hush(message, received);
      incoming.proceed?.(message.token, now);
      observation?.activate(part, 'sent', now);
      return;
    }
    // Section 5.2.2: a CON of its own Message ID, repeated until it is acknowledged.
    const gone = (reason: 'rejected' | 'lost', at: number) => {
      this.#incoming.delete(id);
      this.#blocks.stop(message.token, at);
      observation?.remove(reason, at);
      this.#emit({ kind: 'cancelled', id });
    };
    incoming.delivery = {
      ...part,
      token: message.token,
      bodyKey: bodyKey(part, incoming.ticket, message.token),
      confirmable: true,
      counted: false,
      ackDelay: observation === undefined ? PROMPT : THINKING,
      acknowledged: (at) => {
        this.#incoming.delete(id);
        observation?.activate(part, 'acknowledged', at);
      },
      rejected: (at) => gone('rejected', at),
      undeliverable: (_why, at) => gone('lost', at),
      shorten: (at) => {
        this.#layer.settle(incoming.delivery!, at);
        incoming.proceed = undefined;
        this.#answer(incoming, response, this.#firstMessage(incoming, response, at), at);
        return true;
      },
    };
    this.#layer.submit(incoming.delivery, now);
    incoming.proceed?.(message.token, now);
  }

  #room(message: CoapMessage): Room {
    const { maxMessageBytes, most } = this.#layer;
    return { maxMessageBytes, most, tokenLength: message.token.length };
  }
}

function hasBlock({ options }: MessagePart): boolean {
  return options.some(({ number }) => number === OptionNumber.Block1 || number === OptionNumber.Block2);
}
