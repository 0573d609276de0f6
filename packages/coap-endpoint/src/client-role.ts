import {
  ClientTransfer,
  type ClientTransferOptions,
  cacheKey,
  findBlock,
  fits,
  MAX_SZX,
  type MessagePart,
} from '@lb-matrix/blockwise';
import { Code, findOption, isRequest, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { fromBlockwise, refusing } from './blockwise-errors.ts';
import { EndpointError } from './errors.ts';
import type { ClientEvent } from './events.ts';
import type { CoapRequest } from './exchange.ts';
import { type Asker, type Exchanges, timedOut, wasReset } from './exchanges.ts';
import type { MessageLayer, Outgoing } from './message-layer.ts';
import type { EndpointStats } from './stats.ts';

const NOTHING: Uint8Array = new Uint8Array();
/** RFC 7967 section 2.1: of the classes 2, 4 and 5. */
const NONE_AT_ALL = 26;

/** A request of the caller: as many exchanges as its bodies have blocks, one after the other. */
interface Operation extends Asker {
  readonly id: number;
  readonly code: number;
  readonly key: string;
  readonly transfer: ClientTransfer;
  readonly confirmable: boolean;
  /** The caller wishes for a block size. */
  readonly sizeWished: boolean;
  /** One for all exchanges of an attempt: servers exist that know a block-wise transfer by it. */
  token: Uint8Array;
}

/** What a client does with a peer: requests with their responses (RFC 7252 section 5), requests without, and pings. */
export class ClientRole {
  readonly #layer: MessageLayer;
  readonly #exchanges: Exchanges;
  readonly #transferOptions: ClientTransferOptions;
  readonly #stats: EndpointStats;
  readonly #emit: (event: ClientEvent) => void;
  readonly #operations: Map<number, Operation> = new Map();
  /** By cache key: the first runs, the others wait (RFC 7959 section 2.4: one transfer at a time for one of them). */
  readonly #sameKey: Map<string, Operation[]> = new Map();
  /** Pings, and requests that want no response. */
  readonly #messages: Map<number, Outgoing> = new Map();
  /** Blocks have been asked for in full size once the peer knew that we are there. */
  #proven = false;
  /** RFC 9175 section 3.4: of uploads that were not finished, so that no block of theirs is taken for one of another. */
  #unfinishedUploads = 0;

  constructor(parts: {
    layer: MessageLayer;
    exchanges: Exchanges;
    maxBodyBytes: number | undefined;
    stats: EndpointStats;
    emit: (event: ClientEvent) => void;
  }) {
    this.#layer = parts.layer;
    this.#exchanges = parts.exchanges;
    this.#transferOptions = {
      maxBodyBytes: parts.maxBodyBytes,
      requestTag: () => {
        const count = this.#unfinishedUploads;
        return count === 0 ? undefined : uintOption(OptionNumber.RequestTag, count).value;
      },
    };
    this.#stats = parts.stats;
    this.#emit = parts.emit;
  }

  /** Throws `EndpointError` (`refused`) for a request that cannot be sent as it is. */
  request(id: number, request: CoapRequest, now: number): void {
    const { code, options } = request;
    if (!isRequest(code)) throw new EndpointError('refused', 'invalid_request', `${code} is not a method code`);
    const part: MessagePart = { code, options, payload: request.payload ?? NOTHING };
    const transfer = refusing(() => {
      const attempt = new ClientTransfer(part, this.#transferOptions);
      attempt.start(this.#exchanges.room);
      return attempt;
    });
    const key = cacheKey(code, options);
    const confirmable = request.confirmable ?? true;
    const operation: Operation = {
      id,
      code,
      key,
      transfer,
      confirmable,
      sizeWished: findOption(options, OptionNumber.Block2) !== undefined,
      token: NOTHING,
      exchange: undefined,
      answered: (response, at) => this.#answered(operation, response, at),
      failed: (error, at) => this.#fail(operation, error, at),
    };
    this.#operations.set(id, operation);
    const others = this.#sameKey.get(key);
    if (others !== undefined) {
      others.push(operation);
      return;
    }
    this.#sameKey.set(key, [operation]);
    this.#begin(operation, now);
  }

  /**
   * Sends a request that wants no response (RFC 7967). Throws `EndpointError` (`refused`) for one that cannot be sent
   * in one message.
   */
  send(id: number, request: CoapRequest, now: number): void {
    const { code, options, payload = NOTHING, confirmable = true } = request;
    if (!isRequest(code)) throw new EndpointError('refused', 'invalid_request', `${code} is not a method code`);
    const part: MessagePart = {
      code,
      options: [...options, uintOption(OptionNumber.NoResponse, NONE_AT_ALL)],
      payload,
    };
    if (!refusing(() => fits(part, this.#exchanges.room))) {
      throw new EndpointError('refused', 'request_too_large', 'the request does not fit one message');
    }
    const end = (event: ClientEvent) => {
      this.#messages.delete(id);
      this.#emit(event);
    };
    const fail = (error: EndpointError) => end({ kind: 'failed', id, error });
    const message: Outgoing = {
      ...part,
      token: this.#exchanges.lastingToken(),
      confirmable,
      counted: true,
      sent: () => {
        if (!confirmable) end({ kind: 'sent', id });
      },
      acknowledged: () => end({ kind: 'sent', id }),
      rejected: () => {
        // That of a NON may come when all is over here.
        if (confirmable) fail(wasReset());
      },
      undeliverable: () => fail(timedOut('no_acknowledgement')),
    };
    this.#messages.set(id, message);
    this.#layer.submit(message, now);
  }

  /** An Empty CON (RFC 7252 section 4.3): the peer resets it. */
  ping(id: number, now: number): void {
    let sentAt = now;
    const end = (event: ClientEvent) => {
      this.#messages.delete(id);
      this.#emit(event);
    };
    const answered = (at: number) => {
      this.#stats.roundTrips++;
      end({ kind: 'pong', id, milliseconds: at - sentAt });
    };
    const ping: Outgoing = {
      code: 0,
      token: NOTHING,
      options: [],
      payload: NOTHING,
      confirmable: true,
      counted: true,
      ackDelay: 0,
      sent: (_messageId, at) => {
        sentAt = at;
      },
      acknowledged: answered,
      rejected: answered,
      undeliverable: () => end({ kind: 'failed', id, error: timedOut('no_acknowledgement') }),
    };
    this.#messages.set(id, ping);
    this.#layer.submit(ping, now);
  }

  /** Gives a request or ping up, without an event. A response that still comes finds nobody. */
  cancel(id: number, now: number): void {
    const ping = this.#messages.get(id);
    if (ping !== undefined) {
      this.#messages.delete(id);
      this.#layer.settle(ping, now);
    }
    const operation = this.#operations.get(id);
    if (operation !== undefined) this.#end(operation, now);
  }

  /** Fails all that is open. */
  close(error: EndpointError, now: number): void {
    const ids = [...this.#operations.keys(), ...this.#messages.keys()];
    // Those that wait for one with the same key would start as it ends.
    this.#sameKey.clear();
    for (const id of ids) {
      this.cancel(id, now);
      this.#emit({ kind: 'failed', id, error });
    }
  }

  #answered(operation: Operation, response: MessagePart, now: number): void {
    const { id, transfer } = operation;
    if (this.#wantsMore(operation, response)) {
      this.#proven = true;
      this.#begin(operation, now);
      return;
    }
    const step = transfer.receive(response, this.#exchanges.room);
    switch (step.kind) {
      case 'send': {
        const { sent, received, total } = transfer;
        this.#emit({ kind: 'progress', id, progress: { sent, received, total } });
        if (step.restarted) operation.token = this.#exchanges.newToken(now);
        this.#launch(operation, step.request, now);
        break;
      }
      case 'done':
        this.#end(operation, now);
        this.#emit({ kind: 'response', id, response: step.response });
        break;
      case 'failed':
        this.#fail(operation, fromBlockwise(step.error), now);
    }
  }

  /**
   * Whether a server sends small blocks only because it does not know that we are there: it says so with Echo (RFC 9175
   * section 2.4). The next request proves it, so the same is worth another round trip.
   */
  #wantsMore({ code, sizeWished }: Operation, { options }: MessagePart): boolean {
    if (this.#proven || sizeWished || (code !== Code.GET && code !== Code.FETCH)) return false;
    if (findOption(options, OptionNumber.Echo) === undefined) return false;
    const block = findBlock(options, OptionNumber.Block2);
    return block !== undefined && block !== 'invalid' && block.num === 0 && block.more && block.szx < MAX_SZX;
  }

  #begin(operation: Operation, now: number): void {
    operation.token = this.#exchanges.newToken(now);
    try {
      this.#launch(
        operation,
        refusing(() => operation.transfer.start(this.#exchanges.room)),
        now,
      );
    } catch (error) {
      // It fitted when it was asked for; the room has shrunk since.
      if (!(error instanceof EndpointError)) throw error;
      this.#fail(operation, error, now);
    }
  }

  #launch(operation: Operation, part: MessagePart, now: number): void {
    this.#exchanges.launch(part, operation.token, operation.confirmable, operation, now);
  }

  #fail(operation: Operation, error: EndpointError, now: number): void {
    this.#end(operation, now);
    this.#emit({ kind: 'failed', id: operation.id, error });
  }

  #end(operation: Operation, now: number): void {
    this.#operations.delete(operation.id);
    if (operation.transfer.uploading) this.#unfinishedUploads++;
    if (operation.exchange !== undefined) this.#exchanges.release(operation.exchange, now);
    const same = this.#sameKey.get(operation.key);
    if (same === undefined) return;
    const ran = same[0] === operation;
    same.splice(same.indexOf(operation), 1);
    if (same.length === 0) this.#sameKey.delete(operation.key);
    else if (ran) this.#begin(same[0]!, now);
  }
}
