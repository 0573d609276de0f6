import type { SigningKey } from '../crypto/provider.ts';
import type { EngineOptions } from '../engine-options.ts';
import type { CertificateTypeName } from '../handshake/certificate-types.ts';
import type { Identity } from '../identity.ts';

/** Options of a `DtlsListener`. Clients need `identity`, `rawKey` or `psk`. */
export interface DtlsListenerOptions extends EngineOptions {
  /** Who we are to clients that want a certificate. Default: nobody. */
  readonly identity?: Identity | undefined;
  /** The key that clients get which take it without a certificate (RFC 7250; DTLS 1.3): P-256 or Ed25519. Default: none. */
  readonly rawKey?: SigningKey | undefined;
  /** We share keys with clients: each is asked for with `pskIdentity`. Default false. */
  readonly psk?: boolean | undefined;
  /**
   * Clients are asked for a certificate, which comes with `peerCertificate`; with `require`, those without one are turned
   * away. Those that come with a shared key are not asked. Default: none is.
   */
  readonly clientCertificate?: 'request' | 'require' | undefined;
  /**
   * How clients that are asked may show their key: by a certificate, or in DTLS 1.3 by the key alone (RFC 7250), which comes with
   * `peerRawKey`. The client's order counts. Default: by a certificate.
   */
  readonly clientCertificateTypes?: readonly CertificateTypeName[] | undefined;
  /** Associations at a time; beyond it the one that was silent for longest is closed (`evicted`). Default 10,000. */
  readonly maxPeers?: number | undefined;
  /** Handshakes at a time; beyond it the oldest is given up. Default 1,000. */
  readonly maxHandshakes?: number | undefined;
  /** Milliseconds of silence after which an association is closed. Default 86,400,000 (a day). */
  readonly idleTimeout?: number | undefined;
}
