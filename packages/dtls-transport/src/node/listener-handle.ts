import type { DtlsListenerStats } from '../listener/listener.ts';
import type { CertificateAndKey, RawKey } from './options.ts';
import type { DtlsPipe } from './pipe.ts';

/** What a listener holds now and has counted since it began, its socket included. */
export interface NodeListenerStats extends DtlsListenerStats {
  /** Datagrams that the system would not send. */
  readonly socketErrors: number;
}

/** A bound socket that takes DTLS associations. */
export interface DtlsListenerHandle {
  /** What it is bound to. */
  readonly address: { readonly address: string; readonly port: number; readonly family: 'IPv4' | 'IPv6' };
  /** Called with each new pipe, before its first datagram. */
  onPipe?: ((pipe: DtlsPipe) => void) | undefined;
  /**
   * Another certificate for new handshakes, such as a renewed one; associations and handshakes under way go on. Throws as
   * `listenDtls` rejects, and then all stays as it was.
   */
  setCertificate(certificate: CertificateAndKey): void;
  /** The same with the key that is shown without a certificate. Clients that have the pin of the old one alone find nobody they know. */
  setRawKey(rawKey: RawKey): void;
  /** Sends close_notify to every peer and closes the socket; resolves when it is closed. */
  close(): Promise<void>;
  stats(): NodeListenerStats;
}
