import type { Agreed } from '../connection/connection-event.ts';

/** The far end of a pipe: where it was last seen to receive. With connection ids it may change while the pipe is open. */
export interface PipePeer {
  /** Numeric address; an IPv4 address seen through an IPv6 socket is written as IPv4. */
  readonly address: string;
  readonly port: number;
  /** It has shown that it receives at this address: always true once a handshake is done. */
  readonly validated: boolean;
  /** The certificates (DER) that it has shown and that were accepted, its own first; none when it has shown none. */
  readonly certificates: readonly Uint8Array[];
  /** The public key (SubjectPublicKeyInfo, DER) that it has shown without a certificate, and that was accepted. */
  readonly rawKey: Uint8Array | undefined;
  /** Of a client that has come with a shared key, the name of that key. */
  readonly pskIdentity: string | undefined;
}

/** What a handshake agreed on, by the names of the standards. */
export type DtlsProtocol = Agreed;

/** One DTLS association as a pipe for datagrams: the `DatagramPipe` of `@lb-matrix/coap-endpoint`, and of any other layer. */
export interface DtlsPipe {
  /** The largest datagram that `send` takes, in bytes. Read it again before each send: it may change. */
  readonly maxPayload: number;
  /**
   * Sends one datagram, as one DTLS record. The bytes are ours only during the call.
   * Throws `DtlsRefusedError`: `too-large` beyond `maxPayload`, `closed` after the end.
   */
  send(datagram: Uint8Array): void;
  /** Called with each datagram and the time of its arrival (monotonic milliseconds). The bytes are valid during the call. */
  onDatagram?: ((datagram: Uint8Array, now: number) => void) | undefined;
  /** Called once when the pipe has ended, whoever ended it. The reason is undefined for a close in order, else an error with a `code`. */
  onClose?: ((reason: Error | undefined) => void) | undefined;
  /**
   * Changes the keys of both directions (RFC 9147 8), so that whoever learns those of before can read nothing of what comes. Before the
   * limits of an AEAD it happens by itself. Returns whether it was begun: not in DTLS 1.2, nor while a change is under way.
   */
  updateKeys(): boolean;
  /** Tells the peer (close_notify) and ends the pipe. */
  close(): void;
  readonly peer: PipePeer;
  /**
   * What lay between a flight of the handshake and its answer, in milliseconds: a round trip, and what the peer needed for it.
   * `undefined` when it could not be measured, as all was sent more than once.
   */
  readonly roundTrip?: number | undefined;
  readonly protocol: DtlsProtocol;
}

/**
 * A sign, not a proof, that the server has lost the association: `alert` is a fatal alert without protection,
 * `unreachable` an error of the socket, such as an ICMP answer makes. Anybody can forge both, so the pipe stays open; the owner may handshake again beside it.
 */
export type DtlsHint = 'alert' | 'unreachable';

/** What has crossed the wire of a pipe, handshake included. Bytes of UDP payload. */
export interface DtlsPipeStats {
  readonly datagramsSent: number;
  readonly bytesSent: number;
  readonly datagramsReceived: number;
  readonly bytesReceived: number;
  /** How often something that we sent was followed by something that we received. */
  readonly roundTrips: number;
  /** Datagrams of the handshake that were sent again because no answer came in time. */
  readonly retransmissions: number;
}

/** A client's pipe. */
export interface DtlsClientPipe extends DtlsPipe {
  stats(): DtlsPipeStats;
  onHint?: ((hint: DtlsHint) => void) | undefined;
}
