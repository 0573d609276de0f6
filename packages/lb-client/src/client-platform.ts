import type { DatagramPipe, Platform } from '@lb-matrix/coap-endpoint';

/** Like `Listener` of coap-endpoint: a pipe that names its hints more closely fits too. */
type Hearing = { call(hint: string): void }['call'];

/** What has crossed the wire of a pipe so far, handshake included. Bytes of UDP payload. */
export interface PipeTraffic {
  readonly datagramsSent: number;
  readonly bytesSent: number;
  readonly datagramsReceived: number;
  readonly bytesReceived: number;
}

/** One encrypted session with a server, handshake done. `connectDtls` of dtls-transport makes such pipes. */
export interface ClientPipe extends DatagramPipe {
  /**
   * Called with each sign, which may be forged, that the server has lost the session: an alert without protection, an
   * ICMP error.
   */
  onHint?: Hearing | undefined;
  stats(): PipeTraffic;
}

/** Where to connect to. */
export interface ConnectTarget {
  readonly host: string;
  readonly port: number;
  /**
   * Pins (`sha256/…`, RFC 7469 2.4) that the homeserver has named over HTTPS: the server has one of these public keys, and shows
   * it without a certificate (RFC 7250, DTLS 1.3). A platform that cannot check that verifies the certificate, as without pins.
   */
  readonly pins?: readonly string[] | undefined;
  /**
   * Milliseconds that a round trip to this server took in this network before: when to repeat what the handshake sends. Default:
   * nothing is known.
   */
  readonly roundTrip?: number | undefined;
  /** Gives the handshake up; `connect` then rejects. */
  readonly signal: AbortSignal;
}

/** Texts that outlive the app, such as a file or AsyncStorage. What it throws or loses costs a probe, nothing else. */
export interface ClientStorage {
  get(key: string): string | undefined | Promise<string | undefined>;
  set(key: string, value: string): void | Promise<void>;
}

/** All that this package needs from the outside. `@lb-matrix/lb-client/node` has Node's. */
export interface ClientPlatform extends Platform {
  /** Milliseconds since 1970, for what is remembered from one run of the app to the next. */
  wallTime(): number;
  /**
   * Handshakes with a server and resolves with the session. Rejects when it did not come about: with an error whose `reason`
   * is `'pin-mismatch'` when the server's key is not the one that it must have.
   */
  connect(target: ConnectTarget): Promise<ClientPipe>;
  /** Default: what is learnt is forgotten with the process. */
  readonly storage?: ClientStorage | undefined;
}
