import { DtlsAlertError } from '../../src/errors.ts';
import { concatBytes, sameBytes } from '../../src/wire/bytes.ts';
import { HANDSHAKE_TYPE, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE, RECORD_HEADER_LENGTH } from '../../src/wire/record.ts';
import { Conversation, type Side } from './conversation.ts';
import { type Dice, diceOf } from './dice.ts';
import type { HandshakeKind } from './handshake-kinds.ts';
import { damage, mutateChangeCipherSpec, mutateFragment } from './mutations.ts';
import { type PlainRecord, piecesOf, WireView } from './wire-view.ts';

/** A handshake as it goes when nobody tampers with it. */
export interface Recording {
  readonly kind: HandshakeKind;
  /** The first fragment of each message, by the message's name: its flight (RFC 6347 4.2.4) and its type, `4 certificate`. */
  readonly messages: ReadonlyMap<string, Uint8Array>;
}

/** What is done to one handshake. */
export interface Tampering {
  /** Names of messages. */
  readonly targets: ReadonlySet<string>;
  /** Messages are changed before their record is sealed; else the datagram is damaged at their place. */
  readonly isPlain: boolean;
  /** The first copy only; else whatever is repeated is changed again, in another way. */
  readonly isOnce: boolean;
}

/** What became of it. */
export interface Outcome {
  /** The messages that were changed. */
  readonly hit: ReadonlySet<string>;
  /** What the engines did that they must not. */
  readonly faults: readonly string[];
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(HANDSHAKE_TYPE).map(([name, number]) => [number, name]),
);

/** No transcript has these, and a ChangeCipherSpec says nothing that counts. */
const UNBOUND = new Set(['1 clientHello', '2 helloVerifyRequest', '5 changeCipherSpec', '6 changeCipherSpec']);

/** With its cookie it begins another handshake, from wherever it comes. */
const BEGINNING = new Set(['3 clientHello']);

/** Messages of one handshake that are damaged in the same go. */
const MUCH = 5;

/** Time for all retransmissions of a few damaged flights, and for two of a flight that never arrives. */
const PATIENCE = 60_000;
const IMPATIENCE = 4_000;

/** Goes through a handshake and keeps what was said. */
export function record(kind: HandshakeKind): Recording {
  const messages = new Map<string, Uint8Array>();
  const conversation: Conversation = new Conversation(kind, (datagram, from) => {
    for (const plain of view.open(datagram, from) ?? []) {
      for (const piece of piecesOf(plain)) {
        const name = nameOf(from, plain, piece);
        if (name !== undefined && !messages.has(name)) messages.set(name, piece);
      }
    }
    return [datagram];
  });
  const view = new WireView(conversation.crypto, conversation.keyLog.client);
  conversation.run(() => conversation.isConnected);
  if (!conversation.isConnected) throw new Error(`${kind.name}: no connection`);
  return { kind, messages };
}

/** Goes through the handshake while somebody who knows the keys tampers with it. The same seed does the same. */
export function tamper(recording: Recording, tampering: Tampering, seed: number): Outcome {
  const tamperer = new Tamperer(recording, tampering, diceOf(seed));
  const conversation: Conversation = new Conversation(
    recording.kind,
    (datagram, from) => tamperer.onTheWay(view, datagram, from),
    tampering.isOnce ? PATIENCE : IMPATIENCE,
  );
  const view = new WireView(conversation.crypto, conversation.keyLog.client);
  conversation.run();
  return { hit: tamperer.hit, faults: [...faultsOf(conversation, tamperer)] };
}

class Tamperer {
  readonly tampering: Tampering;
  readonly hit: Set<string> = new Set();
  /** Messages that may have got through all the same. */
  readonly spared: Set<string> = new Set();
  /** The ClientHello comes in fragments, of which the cookie covers the first alone. */
  readonly hasLongHello: boolean;
  readonly #dice: Dice;
  readonly #originals: Recording['messages'];
  readonly #strangers: readonly Uint8Array[];
  readonly #seen = new Set<string>();

  constructor({ messages }: Recording, tampering: Tampering, dice: Dice) {
    this.tampering = tampering;
    this.#dice = dice;
    this.#originals = messages;
    const isStranger = (name: string) => !name.endsWith('changeCipherSpec') && !BEGINNING.has(name);
    this.#strangers = [...messages].filter(([name]) => isStranger(name)).map(([, fragment]) => fragment);
    const { length, bytes } = readHandshakeFragment(messages.get('3 clientHello')!, 0)!;
    this.hasLongHello = bytes.length < length;
  }

  onTheWay(view: WireView, datagram: Uint8Array, from: Side): readonly Uint8Array[] {
    const records = view.open(datagram, from);
    if (records === undefined) return [datagram]; // keys that the client does not have
    return this.tampering.isPlain
      ? [concatBytes(records.map((record) => this.#changed(record, view, datagram, from)))]
      : this.#damaged(records, datagram, from);
  }

  #changed(record: PlainRecord, view: WireView, datagram: Uint8Array, from: Side): Uint8Array {
    const { header } = record;
    let isChanged = false;
    const content = piecesOf(record).flatMap((piece) => {
      const name = this.#due(from, record, piece);
      if (name === undefined) return [piece];
      isChanged = true;
      if (header.type === CONTENT_TYPE.changeCipherSpec) return [mutateChangeCipherSpec(this.#dice)];
      const { fragments, isSpared } = mutateFragment(piece, this.#dice, this.#strangers);
      if (isSpared) this.spared.add(name);
      // Another message that is put in may be one that is to be changed where it stands.
      for (const [other, original] of this.#originals) {
        if (fragments.some((fragment) => sameBytes(fragment, original))) this.spared.add(other);
      }
      return fragments;
    });
    return isChanged
      ? view.seal(from, header, concatBytes(content))
      : datagram.subarray(header.start - RECORD_HEADER_LENGTH, header.end);
  }

  #damaged(records: readonly PlainRecord[], datagram: Uint8Array, from: Side): readonly Uint8Array[] {
    for (const record of records) {
      const { epoch, start, end } = record.header;
      let at = start;
      for (const piece of piecesOf(record)) {
        const pieceEnd = epoch === 0 ? at + piece.length : end;
        if (this.#due(from, record, piece) !== undefined) {
          return damage(datagram, start - RECORD_HEADER_LENGTH, at, pieceEnd, this.#dice);
        }
        at = pieceEnd;
      }
    }
    return [datagram];
  }

  /** The name of the message when this piece of it is to be changed. */
  #due(from: Side, record: PlainRecord, piece: Uint8Array): string | undefined {
    const name = nameOf(from, record, piece);
    if (name === undefined || !this.tampering.targets.has(name)) return undefined;
    const copy = `${name} at ${piece.subarray(6, 9).join()}`; // fragment_offset
    if (this.tampering.isOnce && this.#seen.has(copy)) return undefined;
    this.#seen.add(copy);
    this.hit.add(name);
    return name;
  }
}

function* faultsOf(conversation: Conversation, { tampering, hit, spared, hasLongHello }: Tamperer): Generator<string> {
  const { client, listener, clientEvents, connected, keyLog } = conversation;
  const { isPlain, isOnce } = tampering;
  // Whoever connects has had the same conversation as the other: the master secret is bound to it (RFC 7627 4).
  if (connected.client && !keyLog.server.includes(keyLog.client.at(-1)!)) yield 'the client is connected with nobody';
  if (connected.server && !keyLog.client.includes(keyLog.server.at(-1)!)) yield 'the server is connected with nobody';
  for (const name of isPlain && !isOnce ? hit : []) {
    const receiver = '246'.includes(name[0]!) ? 'client' : 'server';
    const mustFail = !UNBOUND.has(name) && !spared.has(name);
    if (mustFail && connected[receiver]) yield `the ${receiver} went on from a changed ${name}`;
  }
  // A wrong Finished that authenticates ends it, and so may a change of the fragments that no cookie covers.
  const mayEnd = (name: string) =>
    (isPlain && name.endsWith('finished')) || (hasLongHello && name.endsWith('clientHello'));
  const ends = isOnce && ![...hit].some(mayEnd) && !conversation.isConnected;
  // Where so much is damaged at once, what the server has warned of may count before all of it has healed.
  const hasMuch =
    hit.size >= MUCH && clientEvents.some((event) => 'error' in event && event.error instanceof DtlsAlertError);
  if (ends && !hasMuch) yield 'what comes once ends it';
  const { peers, handshakes } = listener.stats();
  if (peers + handshakes > 0) yield `${peers} associations and ${handshakes} handshakes are left`;
  if (client.pollTimeout() !== undefined || listener.pollTimeout() !== undefined) yield 'a deadline is left';
  if (clientEvents.at(-1)?.type !== 'closed') yield 'the client has not ended';
}

function nameOf(from: Side, { header: { type } }: PlainRecord, piece: Uint8Array): string | undefined {
  const isClient = from === 'client';
  if (type === CONTENT_TYPE.changeCipherSpec) return `${isClient ? 5 : 6} changeCipherSpec`;
  if (type !== CONTENT_TYPE.handshake) return undefined;
  const message = readHandshakeFragment(piece, 0)!;
  const name = TYPE_NAMES.get(message.type)!;
  if (name === 'clientHello') return `${message.messageSeq === 0 ? 1 : 3} ${name}`;
  if (name === 'helloVerifyRequest') return `2 ${name}`;
  return `${isClient ? 5 : name === 'finished' ? 6 : 4} ${name}`;
}
