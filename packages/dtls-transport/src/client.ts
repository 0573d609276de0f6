import { Connection } from './connection/connection.ts';
import { type Drops, noDrops } from './drops.ts';
import { connectionConfig, type EngineOptions, type Transmit, usableSuites } from './engine-options.ts';
import type { DtlsError } from './errors.ts';
import { type CipherSuiteName, usesPsk } from './handshake/cipher-suites.ts';
import { ClientHandshake12 } from './handshake/client-handshake-12.ts';
import { checkedIdentity, checkedPsk, type Identity, type PreSharedKey } from './identity.ts';

/** Options of a `DtlsClient`. */
export interface DtlsClientOptions extends EngineOptions {
  /** The server's address: any string that the driver knows it by. */
  readonly path: string;
  /** The host name to ask for (SNI, RFC 6066 3); an address must not be sent, so leave it out then. */
  readonly serverName?: string | undefined;
  /** Who we are to a server that asks for a certificate. Default: nobody. */
  readonly identity?: Identity | undefined;
  /** A key that we share with the server. Then only suites with such a key are offered, and no certificate is needed. */
  readonly psk?: PreSharedKey | undefined;
}

/** What a `DtlsClient` has to tell. */
export type DtlsClientEvent =
  /**
   * The server's certificates (DER), its own first: `acceptPeer` or `rejectPeer` answers. Comes again when the handshake
   * had to ask for the server's messages again.
   */
  | { readonly type: 'peerCertificate'; readonly chain: readonly Uint8Array[] }
  /** The handshake is done; data that was queued goes out now. */
  | { readonly type: 'connected'; readonly cipherSuite: CipherSuiteName }
  /** A datagram of the server. The bytes are valid until the next `receive`. */
  | { readonly type: 'data'; readonly data: Uint8Array }
  /** A fatal alert without protection: the server may have lost the association, or somebody pretends so. */
  | { readonly type: 'hint' }
  /** The end; no event follows. Without an error it was a close in order. */
  | { readonly type: 'closed'; readonly error: DtlsError | undefined };

const DEFAULT_REASSEMBLY_BYTES = 65_536;

/**
 * A DTLS client without I/O. Hand it datagrams (`receive`) and time (`handleTimeout` at `pollTimeout`); after each call take
 * what it has to send (`pollTransmit`) and to tell (`pollEvent`) until there is nothing. `now` is monotonic milliseconds.
 */
export class DtlsClient {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #drops: Drops = noDrops();
  #handshake!: ClientHandshake12;

  /** Starts the handshake. Throws `DtlsRefusedError` (`bad-option`). */
  constructor(options: DtlsClientOptions, now: number) {
    const { path, serverName } = options;
    const identity = options.identity && checkedIdentity(options.identity);
    const psk = options.psk && checkedPsk(options.psk);
    const config = connectionConfig(options, DEFAULT_REASSEMBLY_BYTES, this.#drops);
    const cipherSuites = usableSuites(config.cipherSuites, (suite) => usesPsk(suite) === (psk !== undefined));
    this.#path = path;
    this.#connection = new Connection({ ...config, cipherSuites }, now, (host) => {
      this.#handshake = new ClientHandshake12(host, { serverName, identity, psk }, now);
      return this.#handshake;
    });
  }

  /** The most data that one `send` takes, in bytes. It changes once, when the handshake has chosen a suite. */
  get maxPayload(): number {
    return this.#connection.maxPayload;
  }

  /** Takes a datagram that arrived from `path`; what comes from elsewhere is dropped. Never throws for what is in it. */
  receive(datagram: Uint8Array, path: string, now: number): void {
    if (path === this.#path) this.#connection.receive(datagram, now);
    else this.#drops.unknown += 1;
  }

  /** The deadline has passed. */
  handleTimeout(now: number): void {
    this.#connection.handleTimeout(now);
  }

  /** When `handleTimeout` wants to be called next. */
  pollTimeout(): number | undefined {
    return this.#connection.pollTimeout();
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
   * Answers `peerCertificate`: this is the right server, and `spki` (DER) is the public key of its certificate.
   * Throws `DtlsRefusedError` (`no-question`).
   */
  acceptPeer(spki: Uint8Array, now: number): void {
    const flight = this.#handshake.question();
    this.#connection.run(() => this.#handshake.acceptPeer(flight, spki, now), now);
  }

  /**
   * Answers `peerCertificate`: not the right server. `alert` tells it why (`ALERT`, RFC 5246 7.2.2). The handshake fails
   * when the server says the same again: the certificate may have been damaged on the way.
   */
  rejectPeer(alert: number, now: number): void {
    this.#handshake.question();
    this.#connection.run(() => this.#handshake.rejectPeer(alert, now), now);
  }

  /** Ends the association and tells the server (close_notify). */
  close(): void {
    this.#connection.close();
  }

  /** What was dropped, by reason. */
  drops(): Readonly<Drops> {
    return { ...this.#drops };
  }
}
