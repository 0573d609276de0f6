import type { Connection } from '../connection/connection.ts';
import { Connection12 } from '../connection/connection-12.ts';
import { Connection13 } from '../connection/connection-13.ts';
import type { Connection13Config } from '../connection/connection-config.ts';
import type { SigningKey } from '../crypto/provider.ts';
import type { DropReason } from '../drops.ts';
import { checkSuites, type EngineConfig } from '../engine-options.ts';
import { DtlsMalformedError } from '../errors.ts';
import type { CipherSuite } from '../handshake/cipher-suites.ts';
import type { HandshakeHost } from '../handshake/handshake.ts';
import type { HandshakeHost13 } from '../handshake/handshake-13.ts';
import { PSK_HASH } from '../handshake/psk-binder.ts';
import { canServe, ServerHandshake12, type ServerPolicy } from '../handshake/server-handshake-12.ts';
import { type Retry, ServerHandshake13, type ServerPolicy13 } from '../handshake/server-handshake-13.ts';
import { checkedIdentity, type Identity } from '../identity.ts';
import { ALERT } from '../wire/alert.ts';
import { type ClientHelloFront, readClientHelloFront } from '../wire/client-hello.ts';
import { offersVersion13, peekClientHello } from '../wire/client-hello-peek.ts';
import type { HandshakeFragment } from '../wire/handshake-message.ts';
import type { RecordHeader } from '../wire/record.ts';
import { Cookies, type PresentedHello } from './cookie.ts';
import { HelloJudge13 } from './hello-judge-13.ts';
import { type Beginning, Peer } from './peer.ts';
import type { Peers } from './peers.ts';
import type { StatelessReplies } from './stateless-replies.ts';

/** Of the handshakes at a time, those that may begin without a cookie. */
const UNVALIDATED_SHARE = 1 / 4;

/** What servers of all versions show of themselves and want of clients. */
export type ListenerPolicy = ServerPolicy & ServerPolicy13;

/** A fragment of a ClientHello, and how it came. */
export interface ArrivedHello {
  readonly fragment: HandshakeFragment;
  readonly header: RecordHeader;
  readonly datagram: Uint8Array;
  readonly path: string;
}

/** What admission works with. */
interface Surroundings {
  readonly config: EngineConfig;
  readonly peers: Peers;
  readonly replies: StatelessReplies;
  /** Handshakes at a time. */
  readonly maxHandshakes: number;
  readonly onDrop: (reason: DropReason) => void;
}

/** Decides which ClientHello begins a handshake, and of which version; of others it keeps nothing. */
export class Admission {
  readonly #config: EngineConfig;
  readonly #config13: Connection13Config;
  readonly #peers: Peers;
  readonly #replies: StatelessReplies;
  readonly #maxHandshakes: number;
  readonly #drop: (reason: DropReason) => void;
  readonly #cookies: Cookies;
  readonly #judge: HelloJudge13;
  #policy!: ListenerPolicy;
  /** The suites of DTLS 1.2 that we have the keys for. */
  #suites12!: readonly CipherSuite[];
  #lastId = 0;

  /** Throws `DtlsRefusedError` (`bad-option`) when there is no suite to speak. */
  constructor(
    policy: Omit<ListenerPolicy, 'speaks13'>,
    { config, peers, replies, maxHandshakes, onDrop }: Surroundings,
  ) {
    this.#config = config;
    this.#config13 = { ...config, cipherSuites: config.cipherSuites13 };
    this.#peers = peers;
    this.#replies = replies;
    this.#maxHandshakes = maxHandshakes;
    this.#drop = onDrop;
    this.#cookies = new Cookies(config.crypto, config.randomBytes);
    this.#judge = new HelloJudge13(this.#config13, config.randomBytes);
    this.#use(policy);
  }

  get speaks13(): boolean {
    return this.#policy.speaks13;
  }

  /** The certificates and the key that new handshakes show. Throws `DtlsRefusedError` (`bad-option`). */
  setIdentity(identity: Identity): void {
    this.#use({ ...this.#policy, identity });
  }

  /** The key that new handshakes show where a client takes one without a certificate. */
  setRawKey(rawKey: SigningKey): void {
    this.#use({ ...this.#policy, rawKey });
  }

  /** Whose handshake a part of a ClientHello belongs to, which it may have begun; `undefined` when it is nobody's. */
  admit(hello: ArrivedHello, now: number): Peer | undefined {
    const { fragment, path } = hello;
    // A later fragment says nothing about a cookie: it counts only for a handshake that a first one has begun.
    if (fragment.offset > 0) return this.#peers.table.at(path)?.pending ?? this.#dropped('unexpected');
    const front = frontOf(fragment.bytes);
    if (front === undefined) return this.#dropped('malformed');
    const isWhole = fragment.bytes.length === fragment.length;
    if (this.#policy.speaks13) {
      const { versions, cookie } = peekClientHello(fragment.bytes);
      if (versions !== undefined && offersVersion13(versions) && (isWhole || cookie !== undefined)) {
        return this.#admit13(hello, front, cookie, now);
      }
    }
    return this.#admit12(hello, { path, messageSeq: fragment.messageSeq, front, isWhole }, now);
  }

  #admit12({ header, path }: ArrivedHello, hello: PresentedHello, now: number): Peer | undefined {
    if (this.#suites12.length === 0) {
      this.#replies.refusal(path, ALERT.protocol_version, now);
      return undefined;
    }
    const slot = this.#peers.table.at(path);
    const { messageSeq, front, isWhole } = hello;
    const beginning = { path, messageSeq, random: front.random, mark: front.cookie };
    const isValid = this.#cookies.isValid(hello, now);
    // A first fragment may have begun it. What comes in one piece must be what its cookie was made for all the same.
    if (slot?.pending?.isHello(beginning) && (isValid || !isWhole)) return slot.pending;
    // It has been on the way for long: its handshake is done.
    if (slot?.established?.beganWith(front.random)) return this.#dropped('unexpected');
    if (isValid) return this.#begin12(beginning, header.sequence, now);
    // CVE-2022-34293, CVE-2022-2576: no way into a handshake leads past the cookie.
    this.#replies.helloVerifyRequest(path, header, messageSeq, this.#cookies.make(hello, now));
    return undefined;
  }

  /** All of a ClientHello that offers DTLS 1.3, or the beginning of one with a cookie. */
  #admit13(
    { fragment, header, datagram, path }: ArrivedHello,
    { random }: ClientHelloFront,
    cookie: Uint8Array | undefined,
    now: number,
  ): Peer | undefined {
    const slot = this.#peers.table.at(path);
    const { messageSeq } = fragment;
    const beginning = { path, messageSeq, random, mark: this.#config.crypto.hash('sha256', fragment.bytes) };
    if (slot?.pending?.isHello(beginning)) return slot.pending;
    // It has been on the way for long: its handshake is done.
    if (slot?.established?.beganWith(random)) return this.#dropped('unexpected');
    // Nobody's handshake is given up for a client that may be another, and under load all are asked for cookies.
    const { pendingCount } = this.#peers.table;
    const mayBegin = slot?.pending === undefined && pendingCount < this.#maxHandshakes * UNVALIDATED_SHARE;
    const received = datagram.length;
    const verdict = this.#judge.judge(path, fragment, cookie, this.#policy, { mayBegin, received }, now);
    switch (verdict.action) {
      case 'begin':
        return this.#begin13(beginning, verdict.retry, header.sequence, now);
      case 'retry':
        this.#replies.helloRetryRequest(path, header, messageSeq, verdict.helloRetryRequest);
        return undefined;
      case 'refuse':
        this.#replies.refusal(path, verdict.alert, now);
        return undefined;
      case 'drop':
        return this.#dropped('unexpected');
    }
  }

  /** A client that receives at this path begins a handshake: beside its association, and in place of an earlier handshake. */
  #begin12(beginning: Beginning, recordSequence: number, now: number): Peer {
    const { messageSeq } = beginning;
    let handshake!: ServerHandshake12;
    const start = (host: HandshakeHost) => {
      handshake = new ServerHandshake12(host, this.#policy, messageSeq);
      return handshake;
    };
    // RFC 6347 4.2.1: we go on counting where the client is.
    const first = { recordSequence, messageSeq };
    const { config, adopt } = this.#withIds(this.#config);
    const connection = new Connection12(config, now, start, first);
    return adopt(this.#add(beginning, connection, handshake, now));
  }

  /** With `retry` the client has shown that it receives at this path. */
  #begin13(beginning: Beginning, retry: Retry | undefined, recordSequence: number, now: number): Peer {
    let handshake!: ServerHandshake13;
    const start = (host: HandshakeHost13) => {
      handshake = new ServerHandshake13(host, this.#policy, retry);
      return handshake;
    };
    const first = { recordSequence, messageSeq: beginning.messageSeq };
    const { config, adopt } = this.#withIds(this.#config13);
    const connection = new Connection13(config, 'server', retry !== undefined, now, start, first);
    return adopt(this.#add(beginning, connection, handshake, now));
  }

  #add(
    beginning: Beginning,
    connection: Connection,
    handshake: ServerHandshake12 | ServerHandshake13,
    now: number,
  ): Peer {
    const { table } = this.#peers;
    const earlier = table.at(beginning.path)?.pending;
    if (earlier !== undefined) this.#peers.refuse(earlier, 'replaced', 'the client has begun another handshake');
    else if (table.pendingCount >= this.#maxHandshakes) {
      this.#peers.refuse(table.oldestPending!, 'evicted', 'newer handshakes took its place');
    }
    this.#lastId += 1;
    const peer = new Peer(this.#lastId, beginning, connection, handshake, now);
    table.addPending(peer);
    return peer;
  }

  /** A configuration whose connection ids are those of one peer, which is not there yet. */
  #withIds<T extends Pick<EngineConfig, 'connectionId'>>(
    config: T,
  ): { readonly config: T; readonly adopt: (peer: Peer) => Peer } {
    const { connectionId } = config;
    if (connectionId === undefined) return { config, adopt: (peer) => peer };
    let owner!: Peer;
    const make = () => this.#peers.table.name(owner, connectionId.make);
    const adopt = (peer: Peer) => {
      owner = peer;
      return peer;
    };
    return { config: { ...config, connectionId: { ...connectionId, make } }, adopt };
  }

  #use(policy: Omit<ListenerPolicy, 'speaks13'>): void {
    if (policy.identity !== undefined) checkedIdentity(policy.identity);
    const hasKey = policy.identity !== undefined || policy.rawKey !== undefined;
    const suites13 = this.#config.cipherSuites13.filter(({ hash }) => hasKey || (policy.psk && hash === PSK_HASH));
    const usable = { ...policy, speaks13: suites13.length > 0 };
    const suites12 = this.#config.cipherSuites.filter((suite) => canServe(usable, suite));
    checkSuites([...suites12, ...suites13]);
    this.#policy = usable;
    this.#suites12 = suites12;
  }

  #dropped(reason: DropReason): undefined {
    this.#drop(reason);
    return undefined;
  }
}

/** The front of a ClientHello, or `undefined` when it cannot be read. */
function frontOf(bytes: Uint8Array): ClientHelloFront | undefined {
  try {
    return readClientHelloFront(bytes);
  } catch (error) {
    if (error instanceof DtlsMalformedError) return undefined;
    throw error;
  }
}
