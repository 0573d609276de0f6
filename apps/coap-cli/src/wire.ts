import type { DatagramPipe } from '@lb-matrix/coap-endpoint';
import type { ClientCertificate } from './client-certificate.ts';
import type { Location } from './location.ts';
import type { PreSharedKey } from './pre-shared-key.ts';

/** How a server is reached. */
export interface WireOptions {
  /** The largest IP packet to send, in bytes. */
  readonly mtu: number | undefined;
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** Trusted certificates (DER) in place of Node's. */
  readonly roots: readonly Uint8Array[] | undefined;
  /** Pins of the server's public key, in place of certificates to trust. */
  readonly pins: readonly string[] | undefined;
  /** The key that shows both who the other is, in place of certificates. */
  readonly psk: PreSharedKey | undefined;
  /** For a server that asks for one. */
  readonly clientCertificate: ClientCertificate | undefined;
  /** Names of the cipher suites to offer. */
  readonly ciphers: readonly string[] | undefined;
  readonly keyLog: ((line: string) => void) | undefined;
  readonly signal: AbortSignal;
}

/** What crossed the wire so far. Bytes of UDP payload. */
export interface Traffic {
  readonly datagramsSent: number;
  readonly bytesSent: number;
  readonly datagramsReceived: number;
  readonly bytesReceived: number;
  readonly roundTrips: number;
  /** Of this layer alone: a repeated CoAP message is new to DTLS. */
  readonly retransmissions: number;
}

/** A way for datagrams to a server. */
export interface Wire {
  readonly pipe: DatagramPipe;
  /** What protects it, for people. */
  readonly protocol: string;
  /** What the handshake took, where there was one. */
  readonly handshake?: Traffic;
  /** What crossed it, where that is more than the CoAP endpoint sees. */
  readonly traffic?: () => Traffic;
}

/** Opens a way to one address of a URL's host. */
export type OpenWire = (address: string, location: Location, options: WireOptions) => Promise<Wire>;
