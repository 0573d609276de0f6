import type { IdAgreement, IdOffer } from '../handshake/id-extensions.ts';
import { sameBytes } from '../wire/bytes.ts';

/** How an association comes to the ids that its peer is to send. */
export interface ConnectionIdConfig {
  /** Bytes of each of them; 0 for none. */
  readonly length: number;
  readonly checksPaths: boolean;
  /** Another id, of this association alone. */
  make(): Uint8Array;
}

/** The id that a writer of records puts into them. */
export interface SentId {
  /** Empty for none. */
  readonly sent: Uint8Array;
}

/** Bytes of the longest ids that we give out. */
export const MAX_ID_LENGTH = 20;

/** Ids that we give out to one peer at most: what a peer can make us keep is bounded (RFC 9147 9 lets us give fewer than asked for). */
const MAX_OWN_IDS = 4;

const NONE = new Uint8Array(0);

/** The connection ids of one association, both ways (RFC 9146 3, RFC 9147 9). */
export class ConnectionIds implements IdAgreement, SentId {
  readonly #config: ConnectionIdConfig | undefined;
  readonly #own: Uint8Array[] = [];
  #sent: Uint8Array = NONE;
  #peer: IdOffer | undefined;

  constructor(config: ConnectionIdConfig | undefined) {
    this.#config = config;
  }

  /** Bytes of the ids that may stand in what we receive. */
  get length(): number {
    return this.#config?.length ?? 0;
  }

  get offer(): IdOffer | undefined {
    const config = this.#config;
    return config && { id: this.#first(config), checksPaths: config.checksPaths };
  }

  agree(peer: IdOffer | undefined): void {
    if (peer !== undefined && this.#config !== undefined) this.#first(this.#config);
    this.#peer = peer;
    this.#sent = peer?.id ?? NONE;
  }

  get sent(): Uint8Array {
    return this.#sent;
  }

  /** The peer is to put one of our ids into its records. */
  get areExpected(): boolean {
    return this.#peer !== undefined && this.length > 0;
  }

  /** Both sides take part in return routability checks. */
  get checksPaths(): boolean {
    return this.#peer?.checksPaths === true && this.#config?.checksPaths === true;
  }

  #first({ length, make }: ConnectionIdConfig): Uint8Array {
    if (this.#own.length === 0) this.#own.push(length === 0 ? NONE : make());
    return this.#own[0]!;
  }

  isOwn(id: Uint8Array): boolean {
    return this.#own.some((own) => sameBytes(own, id));
  }

  /** The peer wants so many more of our ids: what it gets. */
  more(count: number): readonly Uint8Array[] {
    const made: Uint8Array[] = [];
    while (made.length < count && this.#own.length < MAX_OWN_IDS) {
      const id = this.#config!.make();
      this.#own.push(id);
      made.push(id);
    }
    return made;
  }

  /** The peer wants to be sent this one from now on. */
  change(id: Uint8Array): void {
    this.#sent = id;
  }
}
