import {
  ClientTransfer,
  type ClientTransferOptions,
  cacheKey,
  findBlock,
  fits,
  fitsAtAll,
  MAX_SZX,
  type MessagePart,
} from '@lb-matrix/blockwise';
import { Code, findOption, isRequest, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { fromBlockwise, refusing } from './blockwise-errors.ts';
import type { BulkBody } from './bulk/bulk-body.ts';
import type { ClientBlocks } from './bulk/client-blocks.ts';
import type { Download } from './bulk/download.ts';
import { EndpointError } from './errors.ts';
import type { ClientEvent } from './events.ts';
import type { CoapRequest } from './exchange.ts';
import { type Asker, type Exchanges, timedOut, wasReset } from './exchanges.ts';
import { type MessageLayer, type Outgoing, PROMPT } from './message-layer.ts';
import type { EndpointStats } from './stats.ts';

const NOTHING: Uint8Array = new Uint8Array();
/** How often a response that changes during its transfer is asked for from the start. */
const MAX_RESTARTS = 3;
/** RFC 7967 section 2.1: of the classes 2, 4 and 5. */
const NONE_AT_ALL = 26;

/** A request of the caller: as many exchanges as its bodies have blocks, one after the other. */
interface Operation extends Asker {
  readonly id: number;
  readonly code: number;
  readonly key: string;
  readonly request: MessagePart;
  /** What names it in requests for blocks of its response. */
  named: MessagePart;
  readonly transfer: ClientTransfer;
  readonly confirmable: boolean;
  /** The caller wishes for a block size. */
  readonly sizeWished: boolean;
  /** One for all exchanges of an attempt: servers exist that know a block-wise transfer by it. */
  token: Uint8Array;
  /** The blocks of RFC 9177 are in use, or asked for; and not, because the server does not know them. */
  inQBlocks: boolean;
  plain: boolean;
  /** The request's body is on its way in such blocks, or the response's. */
  upload: BulkBody | undefined;
  download: Download | undefined;
  restarts: number;
}

/** What a client does with a peer: requests with their responses (RFC 7252 section 5), requests without, and pings. */
export class ClientRole {
  readonly #layer: MessageLayer;
  readonly #exchanges: Exchanges;
  readonly #blocks: ClientBlocks;
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
    blocks: ClientBlocks;
    maxBodyBytes: number | undefined;
    stats: EndpointStats;
    emit: (event: ClientEvent) => void;
  }) {
    this.#layer = parts.layer;
    this.#exchanges = parts.exchanges;
    this.#blocks = parts.blocks;
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
      request: part,
      named: part,
      transfer,
      confirmable,
      sizeWished: findOption(options, OptionNumber.Block2) !== undefined,
      token: NOTHING,
      inQBlocks: false,
      plain: false,
      upload: undefined,
      download: undefined,
      restarts: 0,
      exchange: undefined,
      answered: (response, at) => this.#answered(operation, response, at),
      failed: (error, at) => this.#fail(operation, error, at),
      shorten: (at) => this.#shorten(operation, at),
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
    if (!refusing(() => fitsAtAll(part, this.#exchanges.room))) {
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
      ackDelay: PROMPT,
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
    const uploaded = operation.upload !== undefined;
    this.#endUpload(operation);
    // RFC 9177 section 4.1: who does not know the options says so.
    if (operation.inQBlocks && response.code === Code.BadOption) {
      this.#blocks.refused();
      operation.plain = true;
      this.#begin(operation, now);
      return;
    }
    if (findOption(response.options, OptionNumber.QBlock2) !== undefined) {
      this.#download(operation, response, now);
      return;
    }
    if (uploaded) {
      this.#succeed(operation, response, now);
      return;
    }
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
        this.#succeed(operation, step.response, now);
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

  /** RFC 9177 section 4.4: the response comes in blocks that go as they may. */
  #download(operation: Operation, first: MessagePart, now: number): void {
    const { id, code, request, named, token } = operation;
    const download = this.#blocks.download(token, named, {
      done: (response, at) => this.#succeed(operation, response, at),
      failed: (error, at) => {
        const safe = code === Code.GET || code === Code.FETCH;
        if (error !== 'changed') this.#fail(operation, error, at);
        else if (!safe || operation.restarts === MAX_RESTARTS) this.#fail(operation, bodyChanged(), at);
        else {
          operation.restarts++;
          this.#endDownload(operation, at);
          this.#begin(operation, at);
        }
      },
      progress: (received, total) => {
        this.#emit({ kind: 'progress', id, progress: { sent: request.payload.length, received, total } });
      },
    });
    operation.download = download;
    this.#blocks.expect(download);
    download.take(first, now);
  }

  #begin(operation: Operation, now: number): void {
    operation.token = this.#exchanges.newToken(now);
    try {
      const part = refusing(() => operation.transfer.start(this.#exchanges.room));
      operation.inQBlocks = this.#blocks.known && operation.confirmable && !operation.plain && !operation.sizeWished;
      if (!operation.inQBlocks) this.#launch(operation, part, now);
      else if (operation.transfer.uploading) this.#upload(operation, now);
      else {
        const announced = this.#blocks.announced(part);
        this.#launch(operation, fits(announced, this.#exchanges.room) ? announced : part, now);
      }
    } catch (error) {
      // It fitted when it was asked for; the room has shrunk since.
      if (!(error instanceof EndpointError)) throw error;
      this.#fail(operation, error, now);
    }
  }

  #launch(operation: Operation, part: MessagePart, now: number): void {
    this.#exchanges.launch(part, operation.token, operation.confirmable, operation, now);
  }

  /** RFC 9177 section 4.3: block 0 is what the server answers, whenever that is; the others need no answer. */
  #upload(operation: Operation, now: number): void {
    const { id, request, token } = operation;
    const { first, request: named, proceed } = refusing(() => this.#blocks.upload(request, this.#exchanges.room));
    operation.named = named;
    const total = request.payload.length;
    const heard = (sent: number, at: number) => {
      this.#emit({ kind: 'progress', id, progress: { sent, received: 0, total: undefined } });
      // A large body may take longer than any other exchange.
      if (sent < total && operation.exchange?.separate) this.#exchanges.await(operation.exchange, at);
    };
    this.#launch(operation, first, now);
    operation.upload = proceed(token, heard, now);
  }

  /** What is on its way is too long for the path: the same follows in shorter blocks, if it can have had no effect or may have it twice. */
  #shorten(operation: Operation, now: number): boolean {
    const { exchange, transfer, upload } = operation;
    if (upload !== undefined) {
      if (upload.delivered > 0) return false;
      this.#endUpload(operation);
      this.#exchanges.release(exchange!, now);
      this.#begin(operation, now);
      return true;
    }
    const part = transfer.again(this.#exchanges.room);
    if (part === undefined) return false;
    this.#exchanges.release(exchange!, now);
    this.#launch(operation, part, now);
    return true;
  }

  #endUpload(operation: Operation): void {
    if (operation.upload !== undefined) this.#blocks.endUpload(operation.upload);
    operation.upload = undefined;
  }

  #endDownload(operation: Operation, now: number): void {
    if (operation.download !== undefined) this.#blocks.endDownload(operation.download, now);
    operation.download = undefined;
  }

  #succeed(operation: Operation, response: MessagePart, now: number): void {
    this.#end(operation, now);
    this.#emit({ kind: 'response', id: operation.id, response });
  }

  #fail(operation: Operation, error: EndpointError, now: number): void {
    this.#end(operation, now);
    this.#emit({ kind: 'failed', id: operation.id, error });
  }

  #end(operation: Operation, now: number): void {
    this.#operations.delete(operation.id);
    if (operation.transfer.uploading) {
      // A report of a body in Q-Blocks may still come.
      if (operation.inQBlocks) this.#exchanges.rest(operation.token, now);
      else this.#unfinishedUploads++;
    }
    this.#endUpload(operation);
    this.#endDownload(operation, now);
    if (operation.exchange !== undefined) this.#exchanges.release(operation.exchange, now);
    const same = this.#sameKey.get(operation.key);
    if (same === undefined) return;
    const ran = same[0] === operation;
    same.splice(same.indexOf(operation), 1);
    if (same.length === 0) this.#sameKey.delete(operation.key);
    else if (ran) this.#begin(same[0]!, now);
  }
}

function bodyChanged(): EndpointError {
  return new EndpointError('misbehaved', 'body_changed', 'the body changed during its transfer');
}
