import { fitsAtAll, type MessagePart } from '@lb-matrix/blockwise';
import {
  type CoapMessage,
  type CoapOption,
  Code,
  checkOptions,
  findOption,
  OptionNumber,
  type OptionRegistry,
  uintValue,
} from '@lb-matrix/coap-codec';
import type { Deadlines } from './deadlines.ts';
import { EndpointError } from './errors.ts';
import { isLaterBlock } from './later-block.ts';
import type { MessageLayer, Outgoing, Timer } from './message-layer.ts';
import type { EndpointStats } from './stats.ts';
import type { Timing } from './timing.ts';
import type { Tokens } from './tokens.ts';

/** Who makes exchanges, one at a time. One of the two is called when it has ended, unless it was released before. */
export interface Asker {
  /** The one under way. */
  exchange: Exchange | undefined;
  /** With the options that can be used. */
  answered(response: MessagePart, now: number): void;
  failed(error: EndpointError, now: number): void;
  /** The request is too long for the path. True: a shorter one has taken its place. */
  shorten?(now: number): boolean;
}

/** One request message, until its response is here. */
export class Exchange implements Outgoing, Timer {
  readonly counted = true;
  readonly code: number;
  readonly token: Uint8Array;
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
  readonly confirmable: boolean;
  readonly asker: Asker;
  /** It is there again, with the Echo value that was asked for. */
  readonly echoes: boolean;
  messageId: number | undefined;
  /** An empty ACK came: the response will be separate. */
  separate = false;
  readonly #exchanges: Exchanges;

  constructor(
    exchanges: Exchanges,
    part: MessagePart,
    token: Uint8Array,
    confirmable: boolean,
    asker: Asker,
    echoes: boolean,
  ) {
    this.#exchanges = exchanges;
    this.code = part.code;
    this.token = token;
    this.options = part.options;
    this.payload = part.payload;
    this.confirmable = confirmable;
    this.asker = asker;
    this.echoes = echoes;
  }

  /** A later block. Whoever has less to say goes first. */
  get bulk(): boolean {
    return isLaterBlock(this.options);
  }

  sent(messageId: number, now: number): void {
    this.messageId = messageId;
    if (!this.confirmable) this.#exchanges.await(this, now);
  }

  /** Section 5.2.2: the response comes separately. */
  acknowledged(now: number): void {
    this.separate = true;
    this.#exchanges.await(this, now);
  }

  rejected(now: number): void {
    this.#fail(wasReset(), now);
  }

  undeliverable(why: 'no_acknowledgement' | 'too_large', now: number): void {
    this.#fail(why === 'too_large' ? tooLarge() : timedOut('no_acknowledgement'), now);
  }

  shorten(now: number): boolean {
    return this.asker.shorten?.(now) ?? false;
  }

  fire(now: number): void {
    this.#fail(timedOut('no_response'), now);
  }

  #fail(error: EndpointError, now: number): void {
    this.#exchanges.release(this, now);
    this.asker.failed(error, now);
  }
}

/** What an Echo option takes beside its value, at most. */
const ECHO_HEADER = 4;

/** The request messages of a client that wait for their responses (RFC 7252 section 5.3). */
export class Exchanges {
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #timing: Timing;
  readonly #tokens: Tokens;
  readonly #registry: OptionRegistry;
  readonly #stats: EndpointStats;
  readonly #byToken: Map<number, Exchange> = new Map();
  /** Tokens of observations: they live longer than an exchange. */
  readonly #reserved: Set<number> = new Set();
  /** Tokens of one byte whose response may still come, though nobody waits for it, and when that is over. */
  readonly #resting: Map<number, number> = new Map();
  /** RFC 9175 section 2.3: to be echoed in the next request. */
  #echo: CoapOption | undefined;

  constructor(parts: {
    layer: MessageLayer;
    timers: Deadlines<Timer>;
    timing: Timing;
    tokens: Tokens;
    registry: OptionRegistry;
    stats: EndpointStats;
  }) {
    this.#layer = parts.layer;
    this.#timers = parts.timers;
    this.#timing = parts.timing;
    this.#tokens = parts.tokens;
    this.#registry = parts.registry;
    this.#stats = parts.stats;
  }

  /** The room for a request. */
  get room(): { maxMessageBytes: number; most: number; tokenLength: number } {
    const echo = this.#echo === undefined ? 0 : ECHO_HEADER + this.#echo.value.length;
    const { maxMessageBytes, most } = this.#layer;
    return {
      maxMessageBytes: maxMessageBytes - echo,
      most: most - echo,
      tokenLength: Math.max(2, this.#tokens.length),
    };
  }

  /**
   * A token for a request that is launched at once. It is of one byte only where no response to another request can bear it:
   * what was answered once is not answered again, since the copy of a message is known by its Message ID.
   */
  newToken(now: number): Uint8Array {
    if (this.#tokens.length > 1) return this.lastingToken();
    for (let tries = 0; tries < 256; tries++) {
      const token = this.#tokens.take();
      const number = tokenNumber(token);
      if (!this.#byToken.has(number) && (this.#resting.get(number) ?? 0) <= now) return token;
    }
    return this.lastingToken();
  }

  /** A token that is not in use, for what may be answered at any time: an observation, or a request that wants no response. */
  lastingToken(): Uint8Array {
    let token = this.#tokens.takeLasting();
    while (this.#reserved.has(tokenNumber(token))) token = this.#tokens.takeLasting();
    return token;
  }

  /** Keeps a token from being given out again until it is `free`, or at `rest`. */
  reserve(token: Uint8Array): void {
    if (token.length === 1) this.#resting.set(tokenNumber(token), Number.POSITIVE_INFINITY);
    else this.#reserved.add(tokenNumber(token));
  }

  free(token: Uint8Array): void {
    this.#reserved.delete(tokenNumber(token));
  }

  /** Nobody waits for anything with this token any more, but something may still come. */
  rest(token: Uint8Array, now: number): void {
    this.free(token);
    if (token.length === 1) this.#resting.set(tokenNumber(token), now + this.#timing.transmission.exchangeLifetime);
  }

  launch(part: MessagePart, token: Uint8Array, confirmable: boolean, asker: Asker, now: number): void {
    const echo = this.#echo;
    if (echo === undefined) {
      this.#launch(part, token, confirmable, asker, false, now);
      return;
    }
    this.#echo = undefined;
    this.#launch({ ...part, options: [...part.options, echo] }, token, confirmable, asker, true, now);
  }

  #launch(
    part: MessagePart,
    token: Uint8Array,
    confirmable: boolean,
    asker: Asker,
    echoes: boolean,
    now: number,
  ): void {
    const exchange = new Exchange(this, part, token, confirmable, asker, echoes);
    asker.exchange = exchange;
    this.#byToken.set(tokenNumber(token), exchange);
    this.#layer.submit(exchange, now);
  }

  /**
   * The exchange that a response belongs to (section 5.3.2): by token, and by Message ID when it comes in an ACK.
   */
  match(message: CoapMessage, piggybacked: boolean): Exchange | undefined {
    const exchange = this.#byToken.get(tokenNumber(message.token));
    if (exchange === undefined || exchange.messageId === undefined) return undefined;
    if (piggybacked) return message.messageId === exchange.messageId ? exchange : undefined;
    // A notification is no answer to the end of its observation: it was sent before.
    const ends = uintValue(exchange.options, OptionNumber.Observe) === 1;
    return ends && findOption(message.options, OptionNumber.Observe) !== undefined ? undefined : exchange;
  }

  /**
   * Takes the response to an exchange, and calls `acknowledge` before anything follows from it. False when it has to be
   * rejected for a critical option (section 5.4.1); the exchange has failed then.
   */
  take(exchange: Exchange, message: CoapMessage, acknowledge: (() => void) | undefined, now: number): boolean {
    const { usable, bad } = checkOptions(message.options, this.#registry);
    this.#end(exchange, now);
    if (bad !== undefined) {
      exchange.asker.failed(badOption(bad), now);
      return false;
    }
    acknowledge?.();
    this.#stats.roundTrips++;
    const echo = findOption(usable, OptionNumber.Echo);
    if (echo !== undefined && this.#again(exchange, message.code, echo, now)) return true;
    exchange.asker.answered({ code: message.code, options: usable, payload: message.payload }, now);
    return true;
  }

  /** Waits for the response that comes by itself. How long is not the RFC's to say. */
  await(exchange: Exchange, now: number): void {
    this.#timers.set(exchange, now + this.#timing.transmission.exchangeLifetime);
  }

  /** RFC 9175 section 2.3: who answers 4.01 with an Echo option is asked the same again, with its value. */
  #again(exchange: Exchange, code: number, echo: CoapOption, now: number): boolean {
    this.#echo = echo;
    if (code !== Code.Unauthorized || exchange.echoes) return false;
    const part = { code: exchange.code, options: exchange.options, payload: exchange.payload };
    if (!fitsAtAll(part, this.room)) return false;
    this.launch(part, exchange.token, exchange.confirmable, exchange.asker, now);
    return true;
  }

  /** Ends the interest in an exchange whose response may still come. */
  release(exchange: Exchange, now: number): void {
    if (exchange.token.length === 1) {
      this.#resting.set(tokenNumber(exchange.token), now + this.#timing.transmission.exchangeLifetime);
    }
    this.#end(exchange, now);
  }

  #end(exchange: Exchange, now: number): void {
    if (exchange.asker.exchange === exchange) exchange.asker.exchange = undefined;
    const number = tokenNumber(exchange.token);
    if (this.#byToken.get(number) === exchange) this.#byToken.delete(number);
    this.#timers.delete(exchange);
    this.#layer.settle(exchange, now);
  }
}

/** A number for each token of at most 4 bytes, as ours are. A longer one is nobody's. */
export function tokenNumber(token: Uint8Array): number {
  if (token.length > 4) return -1;
  let number = 1;
  for (const byte of token) number = number * 256 + byte;
  return number;
}

export function badOption({ number, reason }: { readonly number: number; readonly reason: string }): EndpointError {
  return new EndpointError('misbehaved', 'bad_option', `the response has option ${number}: ${reason}`);
}

export function timedOut(reason: 'no_acknowledgement' | 'no_response'): EndpointError {
  const what = reason === 'no_response' ? 'no response in time' : 'no acknowledgement in time';
  return new EndpointError('timed_out', reason, what);
}

export function wasReset(): EndpointError {
  return new EndpointError('reset', 'reset', 'the peer reset the request');
}

function tooLarge(): EndpointError {
  return new EndpointError('refused', 'request_too_large', 'the message does not fit the datagrams any more');
}
