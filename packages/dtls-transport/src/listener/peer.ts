import type { Connection } from '../connection/connection.ts';
import type { ServerHandshake12 } from '../handshake/server-handshake-12.ts';
import type { ServerHandshake13 } from '../handshake/server-handshake-13.ts';
import { NOT_IN_HEAP, type Timed } from './deadline-heap.ts';
import type { Recent } from './recency-list.ts';

/** How a handshake began: enough to know its ClientHello again. */
export interface Beginning {
  readonly path: string;
  readonly messageSeq: number;
  readonly random: Uint8Array;
  /** What else has to be the same: of 1.2 the cookie, of 1.3 a digest of the first fragment. */
  readonly mark: Uint8Array;
}

/** One association or handshake of a listener, with its places in the listener's lists. */
export class Peer implements Timed, Recent<Peer> {
  readonly id: number;
  /** Where we send to. */
  path: string;
  /** Where it was last seen to receive. */
  validatedPath: string;
  /** It has sent from more than one address. */
  hasMoved = false;
  /** Its connection ids, as the table knows them. */
  ids: readonly string[] = [];
  readonly connection: Connection;
  /** What answers go to; it is let go with all that it holds when the handshake is done. */
  handshake: ServerHandshake12 | ServerHandshake13 | undefined;
  /** When something authentic came last. */
  lastHeard: number;
  deadline: number | undefined;
  heapIndex: number = NOT_IN_HEAP;
  older: Peer | undefined;
  newer: Peer | undefined;
  readonly #messageSeq: number;
  readonly #random: string;
  readonly #mark: string;

  constructor(
    id: number,
    beginning: Beginning,
    connection: Connection,
    handshake: ServerHandshake12 | ServerHandshake13,
    now: number,
  ) {
    const { path, messageSeq, random, mark } = beginning;
    this.id = id;
    this.handshake = handshake;
    this.path = path;
    this.validatedPath = path;
    this.connection = connection;
    this.lastHeard = now;
    this.#messageSeq = messageSeq;
    this.#random = textOf(random);
    this.#mark = textOf(mark);
  }

  /** The handshake that began with this random. */
  beganWith(random: Uint8Array): boolean {
    return textOf(random) === this.#random;
  }

  /** The very ClientHello that this handshake began with. */
  isHello({ messageSeq, random, mark }: Beginning): boolean {
    return messageSeq === this.#messageSeq && this.beganWith(random) && textOf(mark) === this.#mark;
  }
}

/** Bytes as text of one byte each: small ones take a fifth of the memory so. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
