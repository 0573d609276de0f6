import type { Connection } from './connection/connection.ts';
import { Connection12 } from './connection/connection-12.ts';
import { Connection13 } from './connection/connection-13.ts';
import type { Agreed } from './connection/connection-event.ts';
import type { SigningKey } from './crypto/provider.ts';
import { type Drops, noDrops } from './drops.ts';
import {
  checkSuites,
  connectionConfig,
  type EngineConfig,
  type EngineOptions,
  type Transmit,
} from './engine-options.ts';
import type { DtlsError } from './errors.ts';
import { type CertificateTypeName, DEFAULT_CERTIFICATE_TYPES } from './handshake/certificate-types.ts';
import { usesPsk } from './handshake/cipher-suites.ts';
import { ClientHandshake12, type ClientPolicy } from './handshake/client-handshake-12.ts';
import { ClientHandshake13, type OlderOffer } from './handshake/client-handshake-13.ts';
import type { HandshakeHost } from './handshake/handshake.ts';
import type { HandshakeHost13 } from './handshake/handshake-13.ts';
import { readIdOffer } from './handshake/id-extensions.ts';
import { takesPsk } from './handshake/psk-binder.ts';
import { checkedIdentity, checkedPsk, type Identity, type PreSharedKey } from './identity.ts';

/** Options of a `DtlsClient`. */
export interface DtlsClientOptions extends EngineOptions {
  /** The server's address: any string that the driver knows it by. */
  readonly path: string;
  /** The host name to ask for (SNI, RFC 6066 3); an address must not be sent, so leave it out then. */
  readonly serverName?: string | undefined;
  /** Who we are to a server that asks for a certificate. Default: nobody. */
  readonly identity?: Identity | undefined;
  /** What a server of DTLS 1.3 that asks gets in place of a certificate, if it takes that (RFC 7250): P-256 or Ed25519. Default: none. */
  readonly rawKey?: SigningKey | undefined;
  /**
   * How the server may show its key, the best first: by a certificate, or by the key alone (RFC 7250), which takes DTLS 1.3.
   * Default: by a certificate.
   */
  readonly certificateTypes?: readonly CertificateTypeName[] | undefined;
  /**
   * A key that we share with the server. Then the server must have it too, and no certificate is needed: only suites of DTLS 1.2
   * with such a key are offered, and of DTLS 1.3 those with SHA-256 (RFC 8446 4.2.11), unless its
   * name is empty: 1.3 knows no such name.
   */
  readonly psk?: PreSharedKey | undefined;
}

/** What a `DtlsClient` has to tell. */
export type DtlsClientEvent =
  /**
   * The server's certificates (DER), its own first: `acceptPeer` or `rejectPeer` answers. Comes again when the handshake
   * had to ask for the server's messages again.
   */
  | { readonly type: 'peerCertificate'; readonly chain: readonly Uint8Array[] }
  /** The server's public key (SubjectPublicKeyInfo, DER), which it shows without a certificate; answered in the same way. */
  | { readonly type: 'peerRawKey'; readonly spki: Uint8Array }
  /** The handshake is done; data that was queued goes out now. */
  | ({ readonly type: 'connected' } & Agreed)
  /** A datagram of the server. The bytes are valid until the next `receive`. */
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** A fatal alert without protection: the server may have lost the association, or somebody pretends so. */
  | { readonly type: 'hint' }
  /** The end; no event follows. Without an error it was a close in order. */
  | { readonly type: 'closed'; readonly error: DtlsError | undefined };

/** Milliseconds until a handshake of which nothing can be read begins anew: a server repeats its flight after one, three and seven seconds. */
const PATIENCE = 7_000;

const DEFAULT_REASSEMBLY_BYTES = 65_536;

/**
 * A DTLS client without I/O. Hand it datagrams (`receive`) and time (`handleTimeout` at `pollTimeout`); after each call take
 * what it has to send (`pollTransmit`) and to tell (`pollEvent`) until there is nothing. `now` is monotonic milliseconds.
 */
export class DtlsClient {
  readonly #path: string;
  readonly #startedAt: number;
  readonly #config: EngineConfig;
  readonly #policy: ClientPolicy;
  readonly #rawKey: SigningKey | undefined;
  readonly #certificateTypes: readonly CertificateTypeName[];
  readonly #drops: Drops = noDrops();
  /** Since when the server has answered, but nothing has come under common keys. */
  #blindSince: number | undefined;
  #connection: Connection;
  #handshake!: ClientHandshake12 | ClientHandshake13;

  /** Starts the handshake. Throws `DtlsRefusedError` (`bad-option`). */
  constructor(options: DtlsClientOptions, now: number) {
    const { path, serverName, certificateTypes = DEFAULT_CERTIFICATE_TYPES } = options;
    const identity = options.identity && checkedIdentity(options.identity);
    const psk = options.psk && checkedPsk(options.psk);
    const config = connectionConfig(options, DEFAULT_REASSEMBLY_BYTES, this.#drops);
    const takesCertificate = certificateTypes.includes('x509');
    const cipherSuites = config.cipherSuites.filter((suite) =>
      psk === undefined ? takesCertificate && !usesPsk(suite) : usesPsk(suite),
    );
    const cipherSuites13 = config.cipherSuites13.filter((suite) =>
      psk === undefined ? certificateTypes.length > 0 : takesPsk(suite, psk),
    );
    checkSuites([...cipherSuites, ...cipherSuites13]);
    this.#path = path;
    this.#startedAt = now;
    this.#config = { ...config, cipherSuites, cipherSuites13 };
    this.#policy = { serverName, identity, psk };
    this.#rawKey = options.rawKey;
    this.#certificateTypes = certificateTypes;
    this.#connection = this.#start13(now, 0) ?? this.#start12(now);
  }

  /** The most data that one `send` takes, in bytes. It changes once, when the handshake has chosen a suite. */
  get maxPayload(): number {
    return this.#connection.maxPayload;
  }

  /**
   * What lay between a flight of the handshake and its answer, in milliseconds: a round trip, and what the server needed for it.
   * `undefined` until a flight was answered that was sent once.
   */
  get roundTrip(): number | undefined {
    return this.#connection.roundTrip;
  }

  /** Takes a datagram that arrived from `path`; what comes from elsewhere is dropped. Never throws for what is in it. */
  receive(datagram: Uint8Array, path: string, now: number): void {
    if (path !== this.#path) {
      this.#drops.unknown += 1;
      return;
    }
    this.#connection.receive(datagram, now);
    if (this.#connection instanceof Connection13 && this.#handshake instanceof ClientHandshake13) {
      const { older } = this.#handshake;
      if (older !== undefined) this.#fallBack(this.#connection, older, datagram, now);
    }
    const isBlind = this.#handshake instanceof ClientHandshake13 && this.#handshake.isBlind;
    this.#blindSince = isBlind ? (this.#blindSince ?? now) : undefined;
  }

  /** The deadline has passed. */
  handleTimeout(now: number): void {
    this.#connection.handleTimeout(now);
    if (this.#blindSince === undefined || now < this.#blindSince + PATIENCE) return;
    const connection = this.#connection;
    if (connection instanceof Connection13 && connection.state === 'handshaking') this.#startOver(connection, now);
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number | undefined {
    const deadline = this.#connection.pollTimeout();
    return this.#blindSince === undefined || deadline === undefined
      ? deadline
      : Math.min(deadline, this.#blindSince + PATIENCE);
  }

  /** Writes the next datagram to `out`, which holds at least `maxDatagram` bytes. */
  pollTransmit(out: Uint8Array): Transmit | undefined {
    const length = this.#connection.pollTransmit(out);
    return length === 0 ? undefined : { length, path: this.#path };
  }

  pollEvent(): DtlsClientEvent | undefined {
    return this.#connection.pollEvent() as DtlsClientEvent | undefined;
  }

  /**
   * Sends a datagram as one record. Before `connected` it is copied and waits; then the bytes are the engine's until
   * `pollTransmit` has written them. Throws `DtlsRefusedError`: `too-large`, `queue-full` (64 KiB wait), `closed`. Of what
   * waits, that is lost which is longer than a limit that the server sets (RFC 8449).
   */
  send(data: Uint8Array): void {
    this.#connection.send(data);
  }

  /**
   * Answers `peerCertificate` and `peerRawKey`: this is the right server, and `spki` (DER) is its public key.
   * Throws `DtlsRefusedError` (`no-question`).
   */
  acceptPeer(spki: Uint8Array, now: number): void {
    this.#handshake.question();
    this.#connection.run(() => this.#handshake.acceptPeer(spki, now), now);
  }

  /**
   * Answers `peerCertificate` and `peerRawKey`: not the right server. `alert` tells it why (`ALERT`, RFC 5246 7.2.2). The
   * handshake fails; in DTLS 1.2 only when the server says the same again, as it may have been damaged on the way.
   */
  rejectPeer(alert: number, now: number): void {
    this.#handshake.question();
    this.#connection.run(() => this.#handshake.rejectPeer(alert, now), now);
  }

  /**
   * Changes the keys that we send with, and asks the server to change its own (RFC 9147 8), so that whoever learns those of
   * before can read nothing of what comes. Before the limits of an AEAD it happens by itself. Returns whether it was begun: not
   * in DTLS 1.2, which has no such thing, not before `connected`, after the end, or while a change is under way.
   */
  updateKeys(now: number): boolean {
    return this.#connection instanceof Connection13 && this.#connection.changeKeys(true, now);
  }

  /** Ends the association and tells the server (close_notify). */
  close(): void {
    this.#connection.close();
  }

  /** What was dropped, by reason. */
  drops(): Readonly<Drops> {
    return { ...this.#drops };
  }

  /** Offers DTLS 1.3, and 1.2 beside it; `undefined` when that is not wanted, or fits into no datagram beside 1.2. */
  #start13(now: number, recordSequence: number): Connection13 | undefined {
    const { cipherSuites: olderSuites, cipherSuites13: cipherSuites } = this.#config;
    if (cipherSuites.length === 0) return undefined;
    let handshake!: ClientHandshake13;
    const { pskModes, packer } = this.#config;
    const own = { ...this.#policy, rawKey: this.#rawKey };
    const policy = { ...own, certificateTypes: this.#certificateTypes, packer, pskModes, olderSuites };
    const start = (host: HandshakeHost13) => {
      handshake = new ClientHandshake13(host, policy, now);
      return handshake;
    };
    const first = { recordSequence, messageSeq: 0 };
    const config = { ...this.#config, cipherSuites };
    const connection = new Connection13(config, 'client', true, this.#startedAt, start, first);
    // RFC 9147 5.1: a server without state cannot do much with a part of a ClientHello, but with one of 1.2 it can.
    if (!handshake.helloFits && olderSuites.length > 0) return undefined;
    this.#handshake = handshake;
    return connection;
  }

  /** What was damaged or forged before there were keys cannot be mended any more: the handshake begins anew. */
  #startOver(before: Connection13, now: number): void {
    const again = this.#start13(now, before.plainSequence)!;
    for (const data of before.takeWaiting()) again.send(data);
    this.#connection = again;
    this.#blindSince = undefined;
  }

  #start12(now: number): Connection12 {
    return new Connection12(this.#config, now, (host) => {
      const handshake = new ClientHandshake12(host, this.#policy, now);
      this.#handshake = handshake;
      return handshake;
    });
  }

  /** The server speaks DTLS 1.2: goes on from the same ClientHello. */
  #fallBack(before: Connection13, offered: OlderOffer, datagram: Uint8Array, now: number): void {
    const start = (host: HandshakeHost) => {
      const handshake = new ClientHandshake12(host, this.#policy, now, offered);
      this.#handshake = handshake;
      return handshake;
    };
    const first = { recordSequence: before.plainSequence, messageSeq: 0 };
    const ids = readIdOffer(offered.extensions);
    const { connectionId } = this.#config;
    // The server has been told of an id already.
    const config = { ...this.#config, connectionId: connectionId && ids && { ...connectionId, make: () => ids.id } };
    this.#connection = new Connection12(config, this.#startedAt, start, first);
    for (const data of before.takeWaiting())
      if (data.length <= this.#connection.maxPayload) this.#connection.send(data);
    this.#connection.receive(datagram, now);
  }
}
