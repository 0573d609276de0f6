import { alertName, readAlert } from '../../src/wire/alert.ts';
import { HANDSHAKE_TYPE, handshakeMessage, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE } from '../../src/wire/record.ts';
import { Conversation, type Side } from './conversation.ts';
import type { HandshakeKind } from './handshake-kinds.ts';
import type { Probe } from './probes.ts';
import { type PlainRecord, piecesOf, WireView } from './wire-view.ts';

/** How a probe comes: in an epoch, sealed with the right keys or with others; a message as the next one or as the last one. */
export interface Manner {
  readonly epoch: 0 | 1 | 2;
  readonly isForged: boolean;
  readonly seq: 'due' | 'again';
}

const HANDSHAKE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(HANDSHAKE_TYPE).map(([name, number]) => [number, name]),
);

/** Above what the conversations use, and near enough for the replay window to take both. */
const PROBE_SEQUENCE = 40;

/** One side of a conversation that stands still when a number of messages have reached it, each in a datagram of its own. */
export class ProbedState {
  readonly conversation: Conversation;
  readonly #side: Side;
  readonly #view: WireView;
  /** Knows the keys of all conversations of this kind, before they have been agreed on too. */
  readonly #oracle: WireView;
  #remaining: number;
  readonly #held: Uint8Array[] = [];
  #lastSeq: number | undefined;
  #nextSeq = 0;
  /** What the side has said since it was probed. */
  #said: PlainRecord[] = [];

  /** `isAsking`: the side's question for a certificate or a key waits. */
  constructor(kind: HandshakeKind, side: Side, messages: number, isAsking = false) {
    this.#side = side;
    this.#oracle = oracleOf(kind);
    this.#remaining = messages;
    this.conversation = new Conversation(kind, (datagram, from) => this.#onTheWay(datagram, from));
    this.conversation.waiting = isAsking ? side : undefined;
    this.#view = new WireView(this.conversation.crypto, this.conversation.keyLog.client);
    this.conversation.settle();
  }

  /** Milliseconds that the conversation has waited for repetitions. */
  get waited(): number {
    return this.conversation.now;
  }

  /** There is a last message, so that one can come again. */
  get hasLast(): boolean {
    return this.#lastSeq !== undefined;
  }

  /** Lets a record of the peer arrive; says what comes of it. */
  probe({ type, content, handshakeType }: Probe, manner: Manner): string {
    const seq = manner.seq === 'due' ? this.#nextSeq : this.#lastSeq!;
    const plaintext = handshakeType === undefined ? content : handshakeMessage(handshakeType, seq, content).raw;
    const { conversation } = this;
    const events = this.#side === 'client' ? conversation.clientEvents : conversation.serverEvents;
    const eventsBefore = events.length;
    const dropsBefore = this.#drops();
    this.#said = [];
    const peer = this.#side === 'client' ? 'server' : 'client';
    const record = this.#oracle.seal(peer, { type, epoch: manner.epoch, sequence: PROBE_SEQUENCE }, plaintext);
    if (manner.isForged) record[record.length - 1]! ^= 1;
    conversation.deliver(this.#side, record);
    const told = events.slice(eventsBefore).map((event) => event.type);
    conversation.settle();
    const dropped = Object.entries(this.#drops()).filter(([reason, count]) => count !== dropsBefore[reason]);
    const parts = [...told, ...this.#said.map(describe), ...dropped.map(([reason]) => `dropped as ${reason}`)];
    return parts.length === 0 ? 'nothing' : parts.join(', ');
  }

  /** Lets the conversation go on; true when both sides connect and data passes both ways. */
  goesOn(): boolean {
    const { conversation } = this;
    this.#remaining = Number.POSITIVE_INFINITY;
    for (const datagram of this.#held) conversation.deliver(this.#side, datagram);
    if (conversation.waiting !== undefined) conversation.judge();
    conversation.run(() => conversation.isConnected);
    return conversation.isConnected && !conversation.isOver && conversation.echoes();
  }

  #drops(): Readonly<Record<string, number>> {
    const { client, listener } = this.conversation;
    return { ...(this.#side === 'client' ? client.drops() : listener.stats().drops) };
  }

  #onTheWay(datagram: Uint8Array, from: Side): readonly Uint8Array[] {
    const records = this.#view.open(datagram, from) ?? [];
    if (from === this.#side) {
      this.#said.push(...records);
      return [datagram];
    }
    return records.flatMap((record) => piecesOf(record).flatMap((piece) => this.#pass(record, piece, from)));
  }

  #pass({ header }: PlainRecord, piece: Uint8Array, from: Side): readonly Uint8Array[] {
    const datagram = this.#view.seal(from, header, piece);
    const fragment = header.type === CONTENT_TYPE.handshake ? readHandshakeFragment(piece, 0) : undefined;
    if (this.#remaining === 0) {
      if (fragment !== undefined && this.#held.length === 0) this.#nextSeq = fragment.messageSeq;
      this.#held.push(datagram);
      return [];
    }
    this.#remaining -= 1;
    if (fragment !== undefined) {
      this.#lastSeq = fragment.messageSeq;
      this.#nextSeq = fragment.messageSeq + 1;
    }
    return [datagram];
  }
}

const oracles = new Map<HandshakeKind, WireView>();

function oracleOf(kind: HandshakeKind): WireView {
  const known = oracles.get(kind);
  if (known !== undefined) return known;
  const conversation: Conversation = new Conversation(kind, (datagram, from) => {
    oracle.open(datagram, from);
    return [datagram];
  });
  const oracle = new WireView(conversation.crypto, conversation.keyLog.client);
  conversation.run(() => conversation.isConnected);
  oracles.set(kind, oracle);
  return oracle;
}

function describe({ header, content }: PlainRecord): string {
  if (header.type === CONTENT_TYPE.alert) return `alert ${alertName(readAlert(content)!.alert)}`;
  if (header.type === CONTENT_TYPE.changeCipherSpec) return 'changeCipherSpec';
  if (header.type === CONTENT_TYPE.applicationData) return 'data';
  return piecesOf({ header, content })
    .map((piece) => HANDSHAKE_NAMES.get(piece[0]!)!)
    .join(', ');
}
