import type { DtlsPipe } from './pipe.ts';

/** Counters of a listener since it started, and how much it holds now. */
export interface DtlsListenerStats {
  /** Associations now. */
  readonly peers: number;
  /** Handshakes under way now. */
  readonly handshakes: number;
}

/** A bound socket that takes DTLS associations. */
export interface DtlsListenerHandle {
  /** The address and port that it is bound to. */
  readonly address: { readonly address: string; readonly port: number; readonly family: 'IPv4' | 'IPv6' };
  /** Called with each new pipe, before its first datagram. */
  onPipe?: ((pipe: DtlsPipe) => void) | undefined;
  /** Sends close_notify to every peer and closes the socket; resolves when it is closed. */
  close(): Promise<void>;
  stats(): DtlsListenerStats;
}
