import type { Connection } from '../connection/connection.ts';
import type { ServerHandshake12 } from '../handshake/server-handshake-12.ts';
import { sameBytes } from '../wire/bytes.ts';
import type { ClientHelloFront } from '../wire/client-hello.ts';
import type { PresentedHello } from './cookie.ts';
import { NOT_IN_HEAP, type Timed } from './deadline-heap.ts';
import type { Recent } from './recency-list.ts';

/** One association or handshake of a listener, with its places in the listener's lists. */
export class Peer implements Timed, Recent<Peer> {
  readonly id: number;
  readonly path: string;
  readonly connection: Connection;
  /** What answers go to; it is let go with all that it holds when the handshake is done. */
  handshake: ServerHandshake12 | undefined;
  /** When something authentic came last. */
  lastHeard: number;
  deadline: number | undefined;
  heapIndex: number = NOT_IN_HEAP;
  older: Peer | undefined;
  newer: Peer | undefined;
  readonly #random: Uint8Array;
  readonly #cookie: Uint8Array;
  readonly #messageSeq: number;

  constructor(
    id: number,
    { path, messageSeq, front }: PresentedHello,
    connection: Connection,
    handshake: ServerHandshake12,
    now: number,
  ) {
    this.id = id;
    this.handshake = handshake;
    this.path = path;
    this.connection = connection;
    this.lastHeard = now;
    this.#random = front.random.slice();
    this.#cookie = front.cookie.slice();
    this.#messageSeq = messageSeq;
  }

  /** The handshake that began with this random. */
  beganWith({ random }: ClientHelloFront): boolean {
    return sameBytes(random, this.#random);
  }

  /** The very ClientHello that this handshake began with. */
  isHello({ front, messageSeq }: PresentedHello): boolean {
    return messageSeq === this.#messageSeq && this.beganWith(front) && sameBytes(front.cookie, this.#cookie);
  }
}
