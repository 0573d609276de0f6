/**
 * A parameter that is compared both ways. A pipe of another package may name its own reasons and its own richer pipes;
 * with the strict comparison of function properties it would then not fit here, although it works.
 */
type Listener<T extends unknown[]> = { call(...values: T): void }['call'];

/**
 * Datagrams to and from one peer: plain UDP, a DTLS session, a test's virtual link. One pipe is one (cryptographic)
 * session; its identity is the key of all session state. The type is structural: nothing has to be imported to be one.
 */
export interface DatagramPipe {
  /** The largest datagram `send` takes, in bytes. It may change; it is read again before each send. */
  readonly maxPayload: number;
  /** Sends one datagram, without waiting. The bytes are the pipe's only during the call. */
  send(datagram: Uint8Array): void;
  /**
   * Called with each datagram and the time of its arrival (monotonic milliseconds). The bytes are the listener's only
   * during the call.
   */
  onDatagram?: Listener<[datagram: Uint8Array, now: number]> | undefined;
  /** Called once when the pipe has ended, whoever ended it. */
  onClose?: Listener<[reason: unknown]> | undefined;
  /** Ends the pipe. */
  close(): void;
  /** The round trip that its handshake took, in milliseconds, where it had one. */
  readonly roundTrip?: number | undefined;
  /** Who is at the other end. `validated`: it has shown that it receives at this address. */
  readonly peer: { readonly address: string; readonly port: number; readonly validated: boolean };
}

/** Where pipes come from on a server. */
export interface PipeListener {
  /** Called with each new pipe, before its first datagram. */
  onPipe?: Listener<[pipe: DatagramPipe]> | undefined;
  /** Ends the listener and its pipes. */
  close(): void | Promise<void>;
}
