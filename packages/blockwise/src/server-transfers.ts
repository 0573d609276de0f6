import { type CoapOption, Code, findOption, OptionNumber, uintOption, withoutOptions } from '@lb-matrix/coap-codec';
import { type Block, blockOption, blockSize, findBlock, MAX_SZX } from './block.ts';
import { type PartialRequest, receiveBlock1 } from './block1-receiver.ts';
import { Block2Sender } from './block2-sender.ts';
import { BodyStore } from './body-store.ts';
import { cacheKey } from './cache-key.ts';
import { BlockwiseError } from './errors.ts';
import { type ServerLimits, serverLimits } from './limits.ts';
import type { MessagePart } from './message-part.ts';
import { type QBlock1Receiver, receiveQBlock1, WHOLE, type WholeUpload } from './q-block/q-block1-receiver.ts';
import { QBlock2Sender } from './q-block/q-block2-sender.ts';
import type { QBlockTiming } from './q-block/timing.ts';
import { fits, type Room } from './room.ts';

/** A request whose body is whole, until it is answered with `respond`. */
export interface Ticket {
  readonly peer: object;
  /** The message that made it whole, without its payload. */
  readonly code: number;
  readonly options: readonly CoapOption[];
  readonly block1: Block | undefined;
  readonly block2: Block | undefined;
  /** Ends the charge for the memory of the request's body. */
  readonly release: (() => void) | undefined;
}

/** What a message of a request led to. */
export type Arrival =
  /** The request is whole: without Block and Size options, with the whole body. Answer it with `respond`. */
  | { readonly kind: 'request'; readonly request: MessagePart; readonly ticket: Ticket }
  /** Nothing for the application; this is the answer. */
  | { readonly kind: 'answer'; readonly response: MessagePart };

/** What a message with Q-Block1 led to. */
export type QBlock1Arrival =
  | Arrival
  /** One block of several: `upload` says when to report. `give` lets go of it. */
  | { readonly kind: 'partial'; readonly upload: QBlock1Receiver; readonly give: () => void }
  /** A block of a body that was whole before. */
  | { readonly kind: 'repeated' };

/** How a client wants the response bodies that do not fit one message. */
export interface QBlock2Wish {
  /** The largest payload that it wants in one message (RFC 7959 section 2.4); `undefined`: any. */
  readonly szx: number | undefined;
  /** See `QBlock2Sender`. */
  readonly brief: boolean;
}

/** A response body that goes out in Q-Blocks. Its memory is charged until it is released, or has to go. */
export interface HeldSender {
  readonly sender: QBlock2Sender;
  /** It is in use: others go before it. */
  readonly touch: (now: number) => void;
  readonly release: () => void;
}

const NO_PAYLOAD: Uint8Array = new Uint8Array();
/** What a `BlockSchedule` takes for each block, in bytes: as much as the block itself where a client wants the smallest. */
const PER_BLOCK = 24;

/**
 * The block-wise transfers of a server with all its peers (RFC 7959): `receive` puts request bodies together and serves
 * the later blocks of responses, `respond` gives the first message of a response. Transfers are kept apart by peer and
 * by `cacheKey`.
 *
 * Messages that repeat what happened (`continues`) may be processed again without harm; of the others a duplicate must
 * be recognised before it gets here, and be given the same answer (RFC 7252 section 4.5).
 */
export class ServerTransfers {
  readonly #limits: ServerLimits;
  readonly #store: BodyStore<PartialRequest | Block2Sender | QBlock1Receiver | WholeUpload>;

  /** Each response in Q-Blocks is a body of its own. */
  #responses = 0;

  constructor(limits: Partial<ServerLimits> = {}) {
    this.#limits = serverLimits(limits);
    this.#store = new BodyStore(this.#limits);
  }

  /** Memory held for peers, in bytes. */
  get bytes(): number {
    return this.#store.bytes;
  }

  /**
   * Whether a request is one more step of a transfer that is under way, neither its first nor its last: it changes
   * nothing when it is processed twice.
   */
  continues(peer: object, request: MessagePart): boolean {
    const { block1, block2 } = blocks(request);
    const { code, options } = request;
    if (block1 !== undefined && block1 !== 'invalid') {
      return block1.more && block1.num > 0 && this.#store.peek(peer, requestKey(code, options)) !== undefined;
    }
    if (block2 === undefined || block2 === 'invalid' || block2.num === 0) return false;
    const sender = this.#store.peek(peer, responseKey(code, options))?.value as Block2Sender | undefined;
    return sender !== undefined && !sender.endsWith(block2);
  }

  receive(peer: object, request: MessagePart, room: Room, now: number): Arrival {
    const { block1, block2 } = blocks(request);
    // Section 2.2: the reserved SZX is a bad request.
    if (block1 === 'invalid' || block2 === 'invalid') return answer(Code.BadRequest);
    if (block1 === undefined) {
      if (block2 !== undefined && block2.num > 0) return this.#laterBlock(peer, request, block2, room, now);
      if (request.payload.length > this.#limits.maxBodyBytes) {
        return answer(Code.RequestEntityTooLarge, [uintOption(OptionNumber.Size1, this.#limits.maxBodyBytes)]);
      }
      return arrived(peer, request.code, request.options, request.payload, block1, block2, undefined);
    }
    const from = { peer, key: requestKey(request.code, request.options) };
    const outcome = receiveBlock1(this.#store, this.#limits.maxBodyBytes, from, request, block1, room, now);
    if (outcome.kind === 'answer') return outcome;
    return arrived(peer, request.code, outcome.options, outcome.payload, block1, block2, outcome.release);
  }

  /**
   * The first message of the response to a request: all of it, or its first block, the rest being kept for the requests
   * that follow. Throws `BlockwiseError` (`refused`) for a response that cannot be sent.
   */
  respond(ticket: Ticket, response: MessagePart, room: Room, now: number): MessagePart {
    const { peer, block1, block2: wanted } = ticket;
    ticket.release?.();
    const { code, payload } = response;
    const options = withoutOptions(response.options, OptionNumber.Block1, OptionNumber.Block2, OptionNumber.Size2);
    // Section 2.3: which block this answers. Without M: this is the final response.
    const echo = block1 === undefined ? [] : [blockOption(OptionNumber.Block1, { ...block1, more: false })];
    const small = wanted === undefined || (wanted.num === 0 && payload.length <= blockSize(wanted.szx));
    const whole = { code, options: [...options, ...echo], payload };
    if (small && fits(whole, room)) return whole;

    if (payload.length > this.#limits.maxPeerBytes) {
      throw new BlockwiseError('refused', 'body_too_large', `a response of ${payload.length} bytes`);
    }
    const sender = new Block2Sender({ code, options, payload });
    const first = sender.block(wanted, room, echo);
    if (first === undefined) return { code: Code.BadRequest, options: echo, payload: NO_PAYLOAD };
    const key = responseKey(ticket.code, ticket.options);
    const held = this.#store.hold(peer, key, sender, sender.done ? 0 : payload.length, now);
    return held === undefined ? { code: Code.ServiceUnavailable, options: echo, payload: NO_PAYLOAD } : first;
  }

  /**
   * The first message of a response again, or another that `response` says, in blocks that fit `room` now: it was too long for the path.
   * `undefined` when the body is not there any more.
   */
  again(peer: object, request: MessagePart, response: MessagePart, room: Room, now: number): MessagePart | undefined {
    const { code, options, payload } = response;
    const { block2 } = blocks(response);
    const key = responseKey(request.code, request.options);
    const echo = options.filter(({ number }) => number === OptionNumber.Block1);
    let sender: Block2Sender;
    if (block2 === undefined) {
      sender = new Block2Sender({ code, options: withoutOptions(options, OptionNumber.Block1), payload });
      if (this.#store.hold(peer, key, sender, payload.length, now) === undefined) return undefined;
    } else {
      const held = this.#store.peek(peer, key)?.value;
      if (block2 === 'invalid' || held?.kind !== 'response' || held.done) return undefined;
      sender = held;
    }
    const part = fitting(() => sender.block(block2 && { ...block2, more: false }, room, echo));
    // Another request with the same options may have been answered since.
    const tag = findOption(options, OptionNumber.ETag)?.value;
    const isSame =
      block2 === undefined || String(part && findOption(part.options, OptionNumber.ETag)?.value) === String(tag);
    return isSame ? part : undefined;
  }

  /** Takes a message with Q-Block1 (RFC 9177 section 4.3). `timing` counts for the first of a body. */
  receiveQBlock1(peer: object, request: MessagePart, timing: QBlockTiming, now: number): QBlock1Arrival {
    const { code, options } = request;
    const block = findBlock(options, OptionNumber.QBlock1);
    if (block === undefined || block === 'invalid') return answer(Code.BadRequest);
    const from = { peer, key: `q${cacheKey(code, options)}` };
    const outcome = receiveQBlock1(this.#store, this.#limits.maxBodyBytes, from, request, block, timing, now);
    if (outcome.kind !== 'whole') return outcome;
    return arrived(peer, code, outcome.options, outcome.payload, undefined, undefined, outcome.release);
  }

  /**
   * The same for a client that takes Q-Blocks (RFC 9177 section 4.4): all of the response, or its block 0, the rest being there to be sent
   * and sent again. `evicted` is called when it has to go.
   */
  respondInQBlocks(
    ticket: Ticket,
    response: MessagePart,
    room: Room,
    wish: QBlock2Wish,
    now: number,
    evicted: () => void,
  ): { readonly first: MessagePart; readonly rest?: HeldSender } {
    ticket.release?.();
    const { length } = response.payload;
    const small = wish.szx === undefined || length <= blockSize(wish.szx);
    if (small && fits(response, room)) return { first: response };
    if (length > this.#limits.maxPeerBytes) {
      throw new BlockwiseError('refused', 'body_too_large', `a response of ${length} bytes`);
    }
    const sender = new QBlock2Sender(response, wish.szx ?? MAX_SZX, room, wish.brief);
    const key = `r${this.#responses++}`;
    const held = this.#store.hold(ticket.peer, key, WHOLE, length + PER_BLOCK * sender.count, now, evicted);
    if (held === undefined) return { first: { code: Code.ServiceUnavailable, options: [], payload: NO_PAYLOAD } };
    const rest: HeldSender = {
      sender,
      touch: (at) => this.#store.touch(held, at),
      release: () => this.#store.release(held),
    };
    return { first: sender.block(0), rest };
  }

  /** Whether a peer is in the middle of a request body, or of a response that it has not had the whole of. */
  unfinished(peer: object): boolean {
    return this.#store.values(peer).some((value) => (value.kind === 'response' ? !value.done : value.kind !== 'whole'));
  }

  /** Lets go of all that is held for a peer: its session has ended. */
  forget(peer: object): void {
    this.#store.forget(peer);
  }

  /** Lets go of what has outlived its use. */
  expire(now: number): void {
    this.#store.expire(now);
  }

  /** When `expire` has something to do, in ms; `undefined` when nothing is held. */
  nextExpiry(): number | undefined {
    return this.#store.nextExpiry();
  }

  /** A block of a response after the first. */
  #laterBlock(peer: object, request: MessagePart, wanted: Block, room: Room, now: number): Arrival {
    const { code, options, payload } = request;
    const held = this.#store.peek(peer, responseKey(code, options));
    if (held === undefined) {
      // Section 2.4: no state is needed for what is safe to ask again. Elsewhere the request is incomplete without its
      // body.
      return code === Code.GET
        ? arrived(peer, code, options, payload, undefined, wanted, undefined)
        : answer(Code.RequestEntityIncomplete);
    }
    this.#store.touch(held, now);
    const sender = held.value as Block2Sender;
    if (sender.done) return answer(Code.RequestEntityIncomplete);
    const block = sender.block(wanted, room);
    if (sender.done) this.#store.resize(held, 0);
    return block === undefined ? answer(Code.BadRequest) : { kind: 'answer', response: block };
  }
}

function blocks({ options }: MessagePart): Record<'block1' | 'block2', Block | 'invalid' | undefined> {
  return { block1: findBlock(options, OptionNumber.Block1), block2: findBlock(options, OptionNumber.Block2) };
}

/** Bodies of requests and of responses are held side by side. */
function fitting(block: () => MessagePart | undefined): MessagePart | undefined {
  try {
    return block();
  } catch (error) {
    if (error instanceof BlockwiseError) return undefined;
    throw error;
  }
}

function requestKey(code: number, options: readonly CoapOption[]): string {
  return `1${cacheKey(code, options)}`;
}

function responseKey(code: number, options: readonly CoapOption[]): string {
  return `2${cacheKey(code, options)}`;
}

function arrived(
  peer: object,
  code: number,
  options: readonly CoapOption[],
  payload: Uint8Array,
  block1: Block | undefined,
  block2: Block | undefined,
  release: (() => void) | undefined,
): Arrival {
  const { Block1, Block2, QBlock1, QBlock2, Size1, Size2 } = OptionNumber;
  return {
    kind: 'request',
    request: { code, options: withoutOptions(options, Block1, Block2, QBlock1, QBlock2, Size1, Size2), payload },
    ticket: { peer, code, options, block1, block2, release },
  };
}

function answer(code: number, options: readonly CoapOption[] = []): Arrival {
  return { kind: 'answer', response: { code, options, payload: NO_PAYLOAD } };
}
