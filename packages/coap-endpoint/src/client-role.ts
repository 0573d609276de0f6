import { BlockwiseError, type BlockwiseReason, ClientTransfer, cacheKey, type MessagePart } from '@lb-matrix/blockwise';
import { CoapError, type CoapMessage, checkOptions, isRequest, type OptionRegistry } from '@lb-matrix/coap-codec';
import type { Deadlines } from './deadlines.ts';
import { EndpointError, type EndpointErrorReason } from './errors.ts';
import type { ClientEvent } from './events.ts';
import type { CoapRequest } from './exchange.ts';
import type { MessageLayer, Outgoing, Timer } from './message-layer.ts';
import type { EndpointStats } from './stats.ts';
import type { Tokens } from './tokens.ts';
import type { Transmission } from './transmission.ts';

const NOTHING: Uint8Array = new Uint8Array();

/** A request of the caller: as many exchanges as its bodies have blocks, one after the other. */
interface Operation {
  readonly id: number;
  readonly key: string;
  readonly transfer: ClientTransfer;
  readonly confirmable: boolean;
  /** One for all exchanges of an attempt: servers exist that know a block-wise transfer by it. */
  token: Uint8Array;
  exchange: Exchange | undefined;
}

/** One request message, until its response is here. */
interface Exchange extends Outgoing, Timer {
  readonly operation: Operation;
  messageId: number | undefined;
}

interface Ping extends Outgoing {
  readonly id: number;
}

/** What a client does with a peer: requests with their responses (RFC 7252 section 5), and pings. */
export class ClientRole {
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #transmission: Transmission;
  readonly #tokens: Tokens;
  readonly #registry: OptionRegistry;
  readonly #maxBodyBytes: number | undefined;
  readonly #stats: EndpointStats;
  readonly #emit: (event: ClientEvent) => void;
  readonly #operations: Map<number, Operation> = new Map();
  /** By cache key: the first runs, the others wait (RFC 7959 section 2.4: one transfer at a time for one of them). */
  readonly #sameKey: Map<string, Operation[]> = new Map();
  readonly #byToken: Map<number, Exchange> = new Map();
  readonly #pings: Map<number, Ping> = new Map();

  constructor(parts: {
    layer: MessageLayer;
    timers: Deadlines<Timer>;
    transmission: Transmission;
    tokens: Tokens;
    registry: OptionRegistry;
    maxBodyBytes: number | undefined;
    stats: EndpointStats;
    emit: (event: ClientEvent) => void;
  }) {
    this.#layer = parts.layer;
    this.#timers = parts.timers;
    this.#transmission = parts.transmission;
    this.#tokens = parts.tokens;
    this.#registry = parts.registry;
    this.#maxBodyBytes = parts.maxBodyBytes;
    this.#stats = parts.stats;
    this.#emit = parts.emit;
  }

  /** Throws `EndpointError` (`refused`) for a request that cannot be sent as it is. */
  request(id: number, request: CoapRequest, now: number): void {
    const { code, options } = request;
    if (!isRequest(code)) throw new EndpointError('refused', 'invalid_request', `${code} is not a method code`);
    const part: MessagePart = { code, options, payload: request.payload ?? NOTHING };
    const transfer = this.#refusing(() => {
      const attempt = new ClientTransfer(part, { maxBodyBytes: this.#maxBodyBytes });
      attempt.start(this.#room());
      return attempt;
    });
    const key = cacheKey(code, options);
    const confirmable = request.confirmable ?? true;
    const token = this.#tokens.take();
    const operation: Operation = { id, key, transfer, confirmable, token, exchange: undefined };
    this.#operations.set(id, operation);
    const others = this.#sameKey.get(key);
    if (others !== undefined) {
      others.push(operation);
      return;
    }
    this.#sameKey.set(key, [operation]);
    this.#begin(operation, now);
  }

  /** An Empty CON (RFC 7252 section 4.3): the peer resets it. */
  ping(id: number, now: number): void {
    let sentAt = now;
    const end = (event: ClientEvent) => {
      this.#pings.delete(id);
      this.#emit(event);
    };
    const answered = (at: number) => {
      this.#stats.roundTrips++;
      end({ kind: 'pong', id, milliseconds: at - sentAt });
    };
    const ping: Ping = {
      id,
      code: 0,
      token: NOTHING,
      options: [],
      payload: NOTHING,
      confirmable: true,
      counted: true,
      sent: (_messageId, at) => {
        sentAt = at;
      },
      acknowledged: answered,
      rejected: answered,
      undeliverable: () => end({ kind: 'failed', id, error: timedOut('no_acknowledgement') }),
    };
    this.#pings.set(id, ping);
    this.#layer.submit(ping, now);
  }

  /** Gives a request or ping up, without an event. A response that still comes finds nobody. */
  cancel(id: number, now: number): void {
    const ping = this.#pings.get(id);
    if (ping !== undefined) {
      this.#pings.delete(id);
      this.#layer.settle(ping, now);
    }
    const operation = this.#operations.get(id);
    if (operation !== undefined) this.#end(operation, now);
  }

  /** Fails all that is open. */
  close(error: EndpointError, now: number): void {
    const ids = [...this.#operations.keys(), ...this.#pings.keys()];
    // Those that wait for one with the same key would start as it ends.
    this.#sameKey.clear();
    for (const id of ids) {
      this.cancel(id, now);
      this.#emit({ kind: 'failed', id, error });
    }
  }

  /**
   * The exchange that a response belongs to (RFC 7252 section 5.3.2): by token, and by Message ID when it comes in an
   * ACK.
   */
  match(message: CoapMessage, piggybacked: boolean): Exchange | undefined {
    const exchange = this.#byToken.get(numberOf(message.token));
    if (exchange === undefined || exchange.messageId === undefined) return undefined;
    if (message.token.length !== exchange.token.length) return undefined;
    return piggybacked && message.messageId !== exchange.messageId ? undefined : exchange;
  }

  /** Whether a response has to be rejected for a critical option (RFC 7252 section 5.4.1); the request fails then. */
  rejects(exchange: Exchange, message: CoapMessage, now: number): boolean {
    const { bad } = checkOptions(message.options, this.#registry);
    if (bad === undefined) return false;
    const text = `the response has option ${bad.number}: ${bad.reason}`;
    this.#fail(exchange.operation, new EndpointError('misbehaved', 'bad_option', text), now);
    return true;
  }

  /** Takes the response to an exchange. */
  receive(exchange: Exchange, message: CoapMessage, now: number): void {
    const { operation } = exchange;
    const { transfer } = operation;
    this.#release(exchange, now);
    this.#stats.roundTrips++;
    const { usable } = checkOptions(message.options, this.#registry);
    const response = { code: message.code, options: usable, payload: message.payload };
    const step = transfer.receive(response, this.#room());
    switch (step.kind) {
      case 'send': {
        const { id } = operation;
        const { sent, received, total } = transfer;
        this.#emit({ kind: 'progress', id, progress: { sent, received, total } });
        if (step.restarted) operation.token = this.#tokens.take();
        this.#launch(operation, step.request, now);
        break;
      }
      case 'done':
        this.#end(operation, now);
        this.#emit({ kind: 'response', id: operation.id, response: step.response });
        break;
      case 'failed':
        this.#fail(operation, fromBlockwise(step.error), now);
    }
  }

  #begin(operation: Operation, now: number): void {
    try {
      this.#launch(
        operation,
        this.#refusing(() => operation.transfer.start(this.#room())),
        now,
      );
    } catch (error) {
      // It fitted when it was asked for; the room has shrunk since.
      if (!(error instanceof EndpointError)) throw error;
      this.#fail(operation, error, now);
    }
  }

  #launch(operation: Operation, part: MessagePart, now: number): void {
    const exchange: Exchange = {
      operation,
      code: part.code,
      token: operation.token,
      options: part.options,
      payload: part.payload,
      confirmable: operation.confirmable,
      counted: true,
      messageId: undefined,
      sent: (messageId, at) => {
        exchange.messageId = messageId;
        if (!operation.confirmable) this.#timers.set(exchange, at + this.#transmission.exchangeLifetime);
      },
      // Section 5.2.2: the response comes separately. How long to wait is not the RFC's to say.
      acknowledged: (at) => this.#timers.set(exchange, at + this.#transmission.exchangeLifetime),
      rejected: (at) => this.#fail(operation, new EndpointError('reset', 'reset', 'the peer reset the request'), at),
      undeliverable: (why, at) =>
        this.#fail(operation, why === 'too_large' ? tooLarge() : timedOut('no_acknowledgement'), at),
      fire: (at) => this.#fail(operation, timedOut('no_response'), at),
    };
    operation.exchange = exchange;
    this.#byToken.set(numberOf(exchange.token), exchange);
    this.#layer.submit(exchange, now);
  }

  #release(exchange: Exchange, now: number): void {
    exchange.operation.exchange = undefined;
    this.#byToken.delete(numberOf(exchange.token));
    this.#timers.delete(exchange);
    this.#layer.settle(exchange, now);
  }

  #fail(operation: Operation, error: EndpointError, now: number): void {
    this.#end(operation, now);
    this.#emit({ kind: 'failed', id: operation.id, error });
  }

  #end(operation: Operation, now: number): void {
    this.#operations.delete(operation.id);
    if (operation.exchange !== undefined) this.#release(operation.exchange, now);
    const same = this.#sameKey.get(operation.key);
    if (same === undefined) return;
    const ran = same[0] === operation;
    same.splice(same.indexOf(operation), 1);
    if (same.length === 0) this.#sameKey.delete(operation.key);
    else if (ran) this.#begin(same[0]!, now);
  }

  #room(): { maxMessageBytes: number; tokenLength: number } {
    return { maxMessageBytes: this.#layer.maxMessageBytes, tokenLength: this.#tokens.length };
  }

  /** What blockwise and the codec refuse is the caller's mistake. */
  #refusing<T>(attempt: () => T): T {
    try {
      return attempt();
    } catch (error) {
      if (error instanceof BlockwiseError) throw fromBlockwise(error);
      if (error instanceof CoapError) {
        throw new EndpointError('refused', 'invalid_request', error.message, { cause: error });
      }
      throw error;
    }
  }
}

const REASONS: Record<BlockwiseReason, EndpointErrorReason> = {
  no_room: 'request_too_large',
  body_too_large: 'request_too_large',
  already_blockwise: 'invalid_request',
  bad_block: 'bad_block',
  body_changed: 'body_changed',
  peer_body_too_large: 'response_too_large',
};

function fromBlockwise(error: BlockwiseError): EndpointError {
  return new EndpointError(error.code, REASONS[error.reason], error.message, { cause: error });
}

function timedOut(reason: 'no_acknowledgement' | 'no_response'): EndpointError {
  const what = reason === 'no_response' ? 'no response in time' : 'no acknowledgement in time';
  return new EndpointError('timed_out', reason, what);
}

function tooLarge(): EndpointError {
  return new EndpointError('refused', 'request_too_large', 'the message does not fit the datagrams any more');
}

/** Tokens of ours have at most 4 bytes. A longer one is nobody's. */
function numberOf(token: Uint8Array): number {
  if (token.length > 4) return -1;
  let number = 0;
  for (const byte of token) number = number * 256 + byte;
  return number;
}
