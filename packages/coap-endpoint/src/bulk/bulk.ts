import type { MessagePart, Outcomes, Report, Room } from '@lb-matrix/blockwise';
import type { Flow, Sent } from '../congestion/flow.ts';
import type { Deadlines } from '../deadlines.ts';
import type { MessageLayer, Timer } from '../message-layer.ts';
import type { PathSize } from '../path-size.ts';
import type { EndpointStats } from '../stats.ts';
import type { BlockSource } from './block-template.ts';
import { BulkBody } from './bulk-body.ts';

/**
 * Message IDs for blocks. They come again soon: at high rates all that there are would be used up within seconds. Who receives blocks knows
 * them by their numbers and does not ask whether a Message ID was there before (RFC 9177 section 4.4).
 */
const IDS = 256;

/** What there is to say of a body beside its blocks. */
export interface BulkOptions {
  readonly source: BlockSource;
  /** The number of the block option. */
  readonly option: number;
  readonly token: Uint8Array;
  readonly etag?: Uint8Array | undefined;
  /** The cache key of the request that it answers: what names it for a peer that asks with another token. */
  readonly key?: string | undefined;
  /** The peer knows the same rules, and not only those of RFC 9177. */
  readonly prompt: boolean;
  /** The same in shorter blocks: its first message, the others being on their way. */
  readonly shorten?: ((room: Room, now: number) => MessagePart) | undefined;
  /** The peer has said something of it. */
  readonly heard?: ((now: number) => void) | undefined;
  /** It is over: all of it is there, or nothing was heard of it for too long, or the peer does not want it. */
  readonly ended: (why: 'delivered' | 'silent' | 'rejected' | 'stopped' | 'too_large', now: number) => void;
}

/** The large bodies on their way to one peer. Their blocks leave one by one, when nothing smaller waits and the flow lets them. */
export class Bulk implements Timer {
  readonly #layer: MessageLayer;
  readonly #timers: Deadlines<Timer>;
  readonly #stats: EndpointStats;
  readonly #newFlow: (prompt: boolean, now: number) => Flow;
  readonly #outcomes: Outcomes<Sent>;
  readonly #bodies: Map<BulkBody, BulkOptions> = new Map();
  readonly #roundTrip: () => number | undefined;
  #flow: Flow | undefined;
  #now = 0;
  #firstId: number | undefined;
  #ids = 0;
  /** Which body the last block with each of the Message IDs was of. */
  readonly #owners: (BulkBody | undefined)[] = [];

  /** `flow`: makes the flow, when the first body is there. */
  constructor(parts: {
    layer: MessageLayer;
    timers: Deadlines<Timer>;
    stats: EndpointStats;
    path: PathSize;
    flow: (prompt: boolean, now: number) => Flow;
    roundTrip: () => number | undefined;
  }) {
    this.#layer = parts.layer;
    this.#timers = parts.timers;
    this.#stats = parts.stats;
    this.#newFlow = parts.flow;
    this.#roundTrip = parts.roundTrip;
    this.#outcomes = {
      delivered: (sent, now) => {
        parts.path.delivered(sent.bytes, now);
        this.#flow!.delivered(sent, now);
      },
      lost: (sent, now) => this.#flow!.lost(sent, now),
      superseded: (sent) => this.#flow!.forgotten(sent),
    };
  }

  /** Something is still to be sent, or to be heard of. */
  get busy(): boolean {
    for (const body of this.#bodies.keys()) if (body.busy) return true;
    return false;
  }

  /** Begins with the blocks of a body after the first, which has gone as another message. An older one with the token ends. */
  add(options: BulkOptions, now: number): BulkBody {
    this.stop(options.token, now);
    this.#flow ??= this.#newFlow(options.prompt, now);
    const body = new BulkBody(
      {
        ...options,
        etag: options.etag,
        roundTrip: this.#roundTrip(),
        probes: options.prompt,
        timers: this.#timers,
        outcomes: this.#outcomes,
        forget: (sent) => this.#flow!.forgotten(sent),
        silent: (silent, at) => this.#end(silent, 'silent', at),
      },
      now,
    );
    this.#bodies.set(body, options);
    this.#now = now;
    // It is one datagram of the flow, whatever message it is.
    body.sent(0, this.#flow.sent(body.lengthOf(0), now), now);
    return body;
  }

  /** The body with this token, and this ETag if one is given. */
  find(token: Uint8Array, etag: Uint8Array | undefined): BulkBody | undefined {
    for (const body of this.#bodies.keys()) {
      if (sameBytes(body.token, token) && (etag === undefined || sameBytes(body.etag ?? etag, etag))) return body;
    }
    return undefined;
  }

  /** The newest body that answers a request with this cache key. */
  findByKey(key: string): BulkBody | undefined {
    let found: BulkBody | undefined;
    for (const [body, options] of this.#bodies) if (options.key === key) found = body;
    return found;
  }

  /** The peer says what it has of a body. */
  take(body: BulkBody, report: Report, now: number): void {
    this.#now = now;
    body.take(report, now);
    this.#bodies.get(body)?.heard?.(now);
    if (body.done) this.#end(body, 'delivered', now);
  }

  /** The body with this token goes in shorter blocks: its first message. `undefined`: there is none. */
  shorten(token: Uint8Array, room: Room, now: number): MessagePart | undefined {
    const body = this.find(token, undefined);
    return body && this.#bodies.get(body)?.shorten?.(room, now);
  }

  /** Lets go of a body, without a call of `ended`. */
  remove(body: BulkBody): void {
    if (!this.#bodies.delete(body)) return;
    body.end();
  }

  /** Ends the body with this token. */
  stop(token: Uint8Array, now: number): void {
    const body = this.find(token, undefined);
    if (body !== undefined) this.#end(body, 'stopped', now);
  }

  /** Takes the Reset to a block; false when it is to none. */
  reset(messageId: number, now: number): boolean {
    if (this.#firstId === undefined) return false;
    const body = this.#owners[(messageId - this.#firstId) & 0xffff];
    if (body === undefined || !this.#bodies.has(body)) return false;
    this.#end(body, 'rejected', now);
    return true;
  }

  /** Time has passed. */
  fire(now: number): void {
    this.#now = now;
  }

  clear(): void {
    for (const body of [...this.#bodies.keys()]) this.remove(body);
    this.#timers.delete(this);
  }

  /** Writes the next block to `out` and returns its length; `undefined` when none may go. */
  pollTransmit(out: Uint8Array): number | undefined {
    const now = this.#now;
    for (const [body, options] of this.#bodies) {
      const num = body.next();
      if (num === undefined) continue;
      const length = body.lengthOf(num);
      if (length > out.length) {
        this.#end(body, 'too_large', now);
        continue;
      }
      if (!body.probing) {
        const at = this.#flow!.sendTime(length, now);
        if (at === undefined) break;
        if (at > now) {
          this.#timers.set(this, at);
          return undefined;
        }
      }
      body.write(num, this.#takeId(body), out);
      body.sent(num, this.#flow!.sent(length, now), now);
      // The next body is next.
      if (this.#bodies.size > 1 && this.#bodies.delete(body)) this.#bodies.set(body, options);
      this.#stats.datagramsSent++;
      this.#stats.bytesSent += length;
      return length;
    }
    this.#timers.delete(this);
    return undefined;
  }

  #takeId(body: BulkBody): number {
    const first = this.#firstId ?? this.#layer.reserveIds(IDS);
    this.#firstId = first;
    const index = this.#ids++ % IDS;
    this.#owners[index] = body;
    return (first + index) & 0xffff;
  }

  #end(body: BulkBody, why: Parameters<BulkOptions['ended']>[0], now: number): void {
    const options = this.#bodies.get(body);
    this.remove(body);
    options?.ended(why, now);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
