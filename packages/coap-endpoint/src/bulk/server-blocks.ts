import {
  type Block,
  blockSize,
  cacheKey,
  findBlock,
  fits,
  type HeldSender,
  type MessagePart,
  nonTiming,
  promptTiming,
  type QBlock1Arrival,
  type QBlockTiming,
  type Room,
  readBlockRequest,
  type ServerTransfers,
  type Ticket,
} from '@lb-matrix/blockwise';
import { type CoapMessage, Code, findOption, OptionNumber, Type, uintValue } from '@lb-matrix/coap-codec';
import type { Agreed } from '../agreement.ts';
import type { Allowance } from '../allowance.ts';
import { qBodyKey } from '../body-key.ts';
import type { Deadlines } from '../deadlines.ts';
import type { MessageLayer, Timer } from '../message-layer.ts';
import type { Bulk } from './bulk.ts';
import { Uploads } from './uploads.ts';

const { QBlock1, QBlock2 } = OptionNumber;
const STRANGERS: QBlockTiming = nonTiming();

/** A response of which the first message is to be sent, and then the rest. */
export interface Begun {
  readonly first: MessagePart;
  /** Begins with the rest, for the token of the request; `undefined`: there is none, or the client asks for it. */
  readonly proceed?: ((token: Uint8Array, now: number) => void) | undefined;
}

/** What a server does with one peer in the blocks of RFC 9177. */
export class ServerBlocks {
  readonly #layer: MessageLayer;
  readonly #transfers: ServerTransfers;
  readonly #session: object;
  readonly #allowance: Allowance | undefined;
  readonly #agreed: Agreed;
  readonly #strangers: boolean;
  readonly #roundTrip: () => number | undefined;
  readonly #bulk: Bulk;
  readonly #uploads: Uploads;
  #prompt: { readonly roundTrip: number | undefined; readonly timing: QBlockTiming } | undefined;

  /** `strangers`: the blocks are for all peers, and not only for those that agreed on them. */
  constructor(parts: {
    layer: MessageLayer;
    timers: Deadlines<Timer>;
    transfers: ServerTransfers;
    session: object;
    allowance: Allowance | undefined;
    agreed: Agreed;
    strangers: boolean;
    roundTrip: () => number | undefined;
    bulk: Bulk;
  }) {
    this.#layer = parts.layer;
    this.#transfers = parts.transfers;
    this.#session = parts.session;
    this.#allowance = parts.allowance;
    this.#agreed = parts.agreed;
    this.#strangers = parts.strangers;
    this.#roundTrip = parts.roundTrip;
    this.#bulk = parts.bulk;
    this.#uploads = new Uploads(parts.layer, parts.timers);
  }

  /** They are understood. Who might be somebody else is not to be sent many blocks, whatever it has agreed on. */
  get known(): boolean {
    return (this.#agreed.qBlock || this.#strangers) && !this.#allowance?.limited;
  }

  /** The peer knows the same rules. */
  get prompt(): boolean {
    return this.#agreed.qBlock;
  }

  /** Takes what a request asks of a body that is under way. `'none'`: it asks for nothing of the kind; `'gone'`: for what is not there. */
  requested(message: CoapMessage, { code, options }: MessagePart, now: number): 'taken' | 'invalid' | 'gone' | 'none' {
    const { maxPayloads } = this.#timing;
    const asked = readBlockRequest(options, maxPayloads);
    if (asked === 'invalid') return asked;
    if (asked === 'whole') return 'none';
    const body = this.prompt
      ? this.#bulk.find(message.token, findOption(options, OptionNumber.ETag)?.value)
      : this.#bulk.findByKey(cacheKey(code, options));
    // Section 4.4: what has no body and no effect is asked for again as a whole, if the request says what it is.
    if (body === undefined) return this.prompt || code !== Code.GET ? 'gone' : 'none';
    this.#bulk.take(body, asked, now);
    // Who has the first message will acknowledge it, whenever that is.
    if (asked.missing[0] !== 0 && body.firstArrived) this.#layer.prove(qBodyKey(body.token), body.done, now);
    return 'taken';
  }

  /** Takes a block of a request body. */
  receive(message: CoapMessage, part: MessagePart, now: number): QBlock1Arrival {
    const arrival = this.#transfers.receiveQBlock1(this.#session, part, this.#timing, now);
    if (arrival.kind === 'partial') this.#uploads.arrived(arrival.upload, message.token, arrival.give, now);
    else if (arrival.kind === 'repeated' && this.prompt && message.type === Type.NON)
      this.#sayWhole(message, part, now);
    return arrival;
  }

  /** The first message of a response. Throws `BlockwiseError` as `ServerTransfers`. */
  respond(ticket: Ticket, response: MessagePart, room: Room, now: number): Begun {
    if (!this.#takes(ticket)) return { first: this.#transfers.respond(ticket, response, room, now) };
    const asked = wishOf(ticket);
    const wish = { szx: asked?.szx, brief: this.prompt };
    let token: Uint8Array | undefined;
    const { first, rest } = this.#transfers.respondInQBlocks(ticket, response, room, wish, now, () => {
      if (token !== undefined) this.#bulk.stop(token, now);
    });
    if (rest === undefined) return { first };
    if (asked !== undefined && !asked.more) {
      // Section 4.4: without M it is just for that block, to see whether the options are known.
      rest.release();
      return { first };
    }
    const proceed = (of: Uint8Array, at: number) => {
      token = of;
      this.#proceed(ticket, rest, of, at);
    };
    return { first, proceed };
  }

  /** Whether a response goes in Q-Blocks. */
  divides(ticket: Ticket, response: MessagePart, room: Room): boolean {
    const szx = wishOf(ticket)?.szx;
    const small = szx === undefined || response.payload.length <= blockSize(szx);
    return this.#takes(ticket) && !(small && fits(response, room));
  }

  /** The request with this token is answered. */
  answered(token: Uint8Array): void {
    this.#uploads.answered(token);
  }

  /** Nothing more of a body that answers this token is wanted. */
  stop(token: Uint8Array, now: number): void {
    this.#bulk.stop(token, now);
  }

  /** The first message of the body that answers this token, in blocks for this room; `undefined`: it is not there any more. */
  again(token: Uint8Array, room: Room, now: number): MessagePart | undefined {
    return this.#bulk.shorten(token, room, now);
  }

  clear(): void {
    this.#uploads.clear();
  }

  get #timing(): QBlockTiming {
    if (!this.prompt) return STRANGERS;
    const roundTrip = this.#roundTrip();
    if (this.#prompt === undefined || this.#prompt.roundTrip !== roundTrip) {
      this.#prompt = { roundTrip, timing: promptTiming(roundTrip) };
    }
    return this.#prompt.timing;
  }

  /** Whether a client takes Q-Blocks (section 4.1), and does not want those of RFC 7959. */
  #takes(ticket: Ticket): boolean {
    if (ticket.block2 !== undefined || !this.known) return false;
    return this.prompt || ticket.options.some(({ number }) => number === QBlock1 || number === QBlock2);
  }

  #proceed(ticket: Ticket, { sender, touch, release }: HeldSender, token: Uint8Array, now: number): void {
    const body = this.#bulk.add(
      {
        source: sender,
        option: QBlock2,
        token,
        etag: sender.etag,
        key: this.prompt ? undefined : cacheKey(ticket.code, ticket.options),
        prompt: this.prompt,
        heard: touch,
        shorten: (room, at) => {
          const shorter = sender.within(room);
          this.#bulk.remove(body);
          this.#proceed(ticket, { sender: shorter, touch, release }, token, at);
          return shorter.block(0);
        },
        ended: release,
      },
      now,
    );
  }

  /** The client has not heard yet that all of it is here. */
  #sayWhole({ token }: CoapMessage, { options }: MessagePart, now: number): void {
    const block = findBlock(options, QBlock1);
    const size = uintValue(options, OptionNumber.Size1);
    if (block === undefined || block === 'invalid' || size === undefined) return;
    this.#uploads.say({ missing: [], proceed: Math.ceil(size / blockSize(block.szx)) }, block.szx, token, now);
  }
}

/** What a client says of the blocks that it wants. */
function wishOf({ options }: Ticket): Block | undefined {
  const wish = findBlock(options, QBlock2);
  return wish === 'invalid' ? undefined : wish;
}
