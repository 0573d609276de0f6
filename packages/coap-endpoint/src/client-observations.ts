import { type BlockwiseError, ClientTransfer, cacheKey, type MessagePart } from '@lb-matrix/blockwise';
import {
  type CoapMessage,
  Code,
  checkOptions,
  codeClass,
  findOption,
  OptionNumber,
  type OptionRegistry,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { fromBlockwise, refusing } from './blockwise-errors.ts';
import type { ClientBlocks } from './bulk/client-blocks.ts';
import type { Download } from './bulk/download.ts';
import type { Deadlines } from './deadlines.ts';
import { EndpointError } from './errors.ts';
import type { ClientEvent } from './events.ts';
import type { CoapRequest, ObserveMode } from './exchange.ts';
import { type Asker, badOption, type Exchanges, tokenNumber } from './exchanges.ts';
import type { Timer } from './message-layer.ts';
import { isFresher, type Sequence } from './observe-sequence.ts';

/** A resource that is observed. As an asker it registers, and registers again. */
export interface Watch extends Asker, Timer {
  readonly id: number;
  readonly key: string;
  readonly request: MessagePart;
  readonly token: Uint8Array;
  readonly confirmable: boolean;
  readonly mode: ObserveMode;
  /** The server has said that it will notify. */
  registered: boolean;
  /** A notification came since the registration under way was sent. */
  heard: boolean;
  freshest: Sequence | undefined;
  /** The response at hand is the last one. */
  last: boolean;
  /** Fetches the blocks after the first of the response at hand. */
  fetch: Asker | undefined;
  /** The last body that came in the blocks of RFC 9177, whole or not. */
  body: Download | undefined;
  /** The last response was handed over, and is not consumed yet. */
  consuming: boolean;
  /** What acknowledges the response at hand, and those that it took the place of. */
  arrived: (() => void)[];
  /** The same for what was handed over and is not consumed yet. */
  handedOver: (() => void)[];
}

const NOTHING: Uint8Array = new Uint8Array();
const MAX_OBSERVATIONS = 1024;
/** RFC 7252 section 5.10.5, in seconds. */
const DEFAULT_MAX_AGE = 60;
/** What Observe takes at most in a request, in bytes. */
const OBSERVE_BYTES = 2;

/** What a client observes at a peer (RFC 7641 section 3). */
export class ClientObservations {
  readonly #exchanges: Exchanges;
  readonly #blocks: ClientBlocks;
  readonly #timers: Deadlines<Timer>;
  readonly #registry: OptionRegistry;
  readonly #maxBodyBytes: number | undefined;
  readonly #randomBytes: (length: number) => Uint8Array;
  readonly #emit: (event: ClientEvent) => void;
  readonly #byId: Map<number, Watch> = new Map();
  readonly #byToken: Map<number, Watch> = new Map();
  readonly #keys: Set<string> = new Set();

  constructor(parts: {
    exchanges: Exchanges;
    blocks: ClientBlocks;
    timers: Deadlines<Timer>;
    registry: OptionRegistry;
    maxBodyBytes: number | undefined;
    randomBytes: (length: number) => Uint8Array;
    emit: (event: ClientEvent) => void;
  }) {
    this.#exchanges = parts.exchanges;
    this.#blocks = parts.blocks;
    this.#timers = parts.timers;
    this.#registry = parts.registry;
    this.#maxBodyBytes = parts.maxBodyBytes;
    this.#randomBytes = parts.randomBytes;
    this.#emit = parts.emit;
  }

  /** Registers. Throws `EndpointError` (`refused`) for a request that cannot be observed. */
  observe(id: number, request: CoapRequest, mode: ObserveMode, now: number): void {
    const { code, options, payload = NOTHING } = request;
    const refuse = (why: string) => {
      throw new EndpointError('refused', 'invalid_request', why);
    };
    if (code !== Code.GET && code !== Code.FETCH) refuse(`${code} is neither GET nor FETCH`);
    if (uintValue(options, OptionNumber.Observe) !== undefined) refuse('Observe is not for the caller to set');
    const key = cacheKey(code, options);
    // Section 3.1: not more than once for the same target.
    if (this.#keys.has(key)) refuse('this is observed already');
    if (this.#byId.size === MAX_OBSERVATIONS) refuse(`more than ${MAX_OBSERVATIONS} observations`);
    const part: MessagePart = { code, options, payload };
    if (refusing(() => this.#first(part, 0)).payload.length < payload.length) {
      throw new EndpointError('refused', 'request_too_large', 'the request does not fit one message');
    }
    const watch: Watch = {
      id,
      key,
      request: part,
      token: this.#exchanges.lastingToken(),
      confirmable: request.confirmable ?? true,
      mode,
      exchange: undefined,
      registered: false,
      heard: false,
      freshest: undefined,
      last: false,
      fetch: undefined,
      body: undefined,
      consuming: false,
      arrived: [],
      handedOver: [],
      answered: (response, at) => this.#take(watch, response, undefined, true, at),
      failed: (error, at) => {
        // Whoever notifies has not forgotten us, whatever became of the request to be remembered.
        if (!watch.heard) this.#fail(watch, error, at);
      },
      fire: (at) => this.#register(watch, at),
    };
    this.#byId.set(id, watch);
    this.#byToken.set(tokenNumber(watch.token), watch);
    this.#keys.add(key);
    this.#exchanges.reserve(watch.token);
    this.#register(watch, now);
  }

  /** The observation that a message which is no ACK belongs to. */
  match(message: CoapMessage): Watch | undefined {
    return this.#byToken.get(tokenNumber(message.token));
  }

  /** Takes a notification, or a separate response to a registration. False when it has to be rejected. */
  receive(watch: Watch, message: CoapMessage, acknowledge: (() => void) | undefined, now: number): boolean {
    const { usable, bad } = checkOptions(message.options, this.#registry);
    if (bad !== undefined) {
      this.#fail(watch, badOption(bad), now);
      return false;
    }
    const { exchange } = watch;
    // The first answer, or a separate one to a request that was acknowledged, ends the registration. Any other may have
    // been on its way before that arrived.
    const answers = exchange !== undefined && (!watch.registered || exchange.separate);
    if (answers) this.#exchanges.release(exchange, now);
    else watch.heard = true;
    const response = { code: message.code, options: usable, payload: message.payload };
    this.#take(watch, response, acknowledge, answers, now);
    return true;
  }

  /** Acknowledges what was handed over, for the mode that waits for that. */
  consume(id: number): void {
    const watch = this.#byId.get(id);
    if (watch === undefined) return;
    watch.consuming = false;
    runAll(watch.handedOver);
  }

  /** Ends an observation without an event, and says so to the server unless it is to find out by itself. */
  cancel(id: number, now: number): void {
    const watch = this.#byId.get(id);
    if (watch === undefined) return;
    const known = watch.registered || watch.exchange?.messageId !== undefined;
    this.#remove(watch, now);
    if (known && !watch.mode.forget) this.#deregister(watch, now);
  }

  /** Fails all of them. */
  close(error: EndpointError, now: number): void {
    for (const watch of [...this.#byId.values()]) this.#fail(watch, error, now);
  }

  #register(watch: Watch, now: number): void {
    if (watch.exchange !== undefined) this.#exchanges.release(watch.exchange, now);
    watch.heard = false;
    try {
      const part = refusing(() => this.#first(watch.request, 0));
      this.#exchanges.launch(part, watch.token, watch.confirmable, watch, now);
    } catch (error) {
      // It fitted when it was asked for; the room has shrunk since.
      if (!(error instanceof EndpointError)) throw error;
      this.#fail(watch, error, now);
    }
  }

  /** Section 3.6. The answer, and whether there is one, is of no interest. */
  #deregister(watch: Watch, now: number): void {
    const over = () => this.#exchanges.free(watch.token);
    this.#exchanges.reserve(watch.token);
    try {
      const part = this.#first(watch.request, 1);
      this.#exchanges.launch(
        part,
        watch.token,
        watch.confirmable,
        { exchange: undefined, answered: over, failed: over },
        now,
      );
    } catch {
      // No room any more: the next notification is reset.
      over();
    }
  }

  /** A request as its first message, with Observe. Throws `BlockwiseError` when it does not fit. */
  #first(request: MessagePart, observe: 0 | 1): MessagePart {
    const { maxMessageBytes, most, tokenLength } = this.#exchanges.room;
    const transfer = new ClientTransfer(request, { maxBodyBytes: this.#maxBodyBytes });
    const part = transfer.start({
      maxMessageBytes: maxMessageBytes - OBSERVE_BYTES,
      most: most - OBSERVE_BYTES,
      tokenLength,
    });
    return { ...part, options: [...part.options, uintOption(OptionNumber.Observe, observe)] };
  }

  /** A response: `acknowledge` is there when it did not come in an ACK, `answers` says that it ends a registration. */
  #take(
    watch: Watch,
    response: MessagePart,
    acknowledge: (() => void) | undefined,
    answers: boolean,
    now: number,
  ): void {
    if (watch.body?.matches(response)) {
      this.#takeBlock(watch, watch.body, response, acknowledge, now);
      return;
    }
    const value = uintValue(response.options, OptionNumber.Observe);
    const last = codeClass(response.code) !== 2 || value === undefined;
    if (!last) {
      // A server that has lost its state may count from anywhere: its answer is the freshest, unless a notification
      // may have overtaken it.
      const certain = (answers && !watch.heard) || watch.freshest === undefined;
      if (!certain && !isFresher(watch.freshest!, value, now)) {
        acknowledge?.();
        return;
      }
      watch.freshest = { value, at: now };
    }
    // Sections 3.2 and 4.1: after one without the option, and so after any error, no other follows.
    watch.last = last;
    watch.registered = !last;
    if (acknowledge !== undefined) watch.arrived.push(acknowledge);
    if (!watch.mode.acknowledgeConsumed || last) runAll(watch.arrived);
    if (last || watch.mode.reregister === false) this.#timers.delete(watch);
    else this.#timers.set(watch, this.#staleAt(response, now));
    this.#fetch(watch, response, now);
  }

  /** One more block of the body at hand, or one that comes again. What acknowledges its first message counts for all of it. */
  #takeBlock(
    watch: Watch,
    body: Download,
    response: MessagePart,
    acknowledge: (() => void) | undefined,
    now: number,
  ): void {
    if (acknowledge !== undefined) {
      if (!watch.mode.acknowledgeConsumed) acknowledge();
      else if (!body.over) watch.arrived.push(acknowledge);
      else if (watch.consuming) watch.handedOver.push(acknowledge);
      else acknowledge();
    }
    body.take(response, now);
  }

  /** Section 3.3.1: 5 to 15 seconds after the response has become stale. */
  #staleAt({ options }: MessagePart, now: number): number {
    const maxAge = uintValue(options, OptionNumber.MaxAge) ?? DEFAULT_MAX_AGE;
    const random = this.#randomBytes(2);
    return now + maxAge * 1000 + 5000 + (((random[0]! << 8) | random[1]!) / 0x1_0000) * 10_000;
  }

  /** RFC 7959 section 2.6: a notification is a first block; the rest is asked for as after any other GET. */
  #fetch(watch: Watch, first: MessagePart, now: number): void {
    if (watch.fetch?.exchange !== undefined) this.#exchanges.release(watch.fetch.exchange, now);
    watch.body?.end();
    watch.body = undefined;
    if (findOption(first.options, OptionNumber.QBlock2) !== undefined) {
      this.#download(watch, first, now);
      return;
    }
    const transfer = new ClientTransfer(watch.request, { maxBodyBytes: this.#maxBodyBytes });
    let token: Uint8Array | undefined;
    const failed = (error: EndpointError, at: number) => this.#fail(watch, error, at);
    const proceed = (response: MessagePart, at: number) => {
      const step = transfer.receive(response, this.#exchanges.room);
      switch (step.kind) {
        case 'send':
          if (token === undefined || step.restarted) token = this.#exchanges.newToken(at);
          this.#exchanges.launch(step.request, token, watch.confirmable, asker, at);
          break;
        case 'done':
          this.#handOver(watch, step.response, at);
          break;
        case 'failed':
          failed(fromBlockwise(step.error), at);
      }
    };
    const asker: Asker = { exchange: undefined, answered: proceed, failed };
    watch.fetch = asker;
    try {
      transfer.start(this.#exchanges.room);
    } catch (error) {
      failed(fromBlockwise(error as BlockwiseError), now);
      return;
    }
    proceed(first, now);
  }

  /** RFC 9177 section 4.5: all blocks of a notification come by themselves. */
  #download(watch: Watch, first: MessagePart, now: number): void {
    watch.body = this.#blocks.download(watch.token, watch.request, {
      done: (response, at) => this.#handOver(watch, response, at),
      failed: (error, at) => {
        const why = error === 'changed' ? new EndpointError('misbehaved', 'body_changed', 'the body changed') : error;
        this.#fail(watch, why, at);
      },
      progress: () => {},
    });
    watch.body.take(first, now);
  }

  #handOver(watch: Watch, response: MessagePart, now: number): void {
    const { id, last } = watch;
    watch.handedOver.push(...watch.arrived.splice(0));
    watch.consuming = true;
    if (last) this.#remove(watch, now);
    this.#emit({ kind: 'notification', id, response, last });
  }

  #fail(watch: Watch, error: EndpointError, now: number): void {
    this.#remove(watch, now);
    this.#emit({ kind: 'failed', id: watch.id, error });
  }

  #remove(watch: Watch, now: number): void {
    this.#byId.delete(watch.id);
    this.#byToken.delete(tokenNumber(watch.token));
    this.#keys.delete(watch.key);
    this.#exchanges.free(watch.token);
    this.#timers.delete(watch);
    watch.body?.end();
    for (const asker of [watch, watch.fetch]) {
      if (asker?.exchange !== undefined) this.#exchanges.release(asker.exchange, now);
    }
  }
}

function runAll(acknowledgements: (() => void)[]): void {
  for (const acknowledge of acknowledgements.splice(0)) acknowledge();
}
