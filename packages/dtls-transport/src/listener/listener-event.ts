import type { Agreed } from '../connection/connection-event.ts';
import type { DtlsError } from '../errors.ts';

/** What a `DtlsListener` has to tell; `peer` is the number of a handshake and of what comes of it, never used twice. */
export type DtlsListenerEvent =
  /**
   * The certificates (DER) of a client, its own first: `acceptPeer` or `rejectPeer` answers. Comes again when the handshake
   * had to ask for the client's messages again.
   */
  | { readonly type: 'peerCertificate'; readonly peer: number; readonly chain: readonly Uint8Array[] }
  /** The public key (SubjectPublicKeyInfo, DER) of a client that shows no certificate; answered in the same way. */
  | { readonly type: 'peerRawKey'; readonly peer: number; readonly spki: Uint8Array }
  /** A client names a key that it shares with us: `acceptPsk` or `rejectPsk` answers. Comes again as `peerCertificate` does. */
  | { readonly type: 'pskIdentity'; readonly peer: number; readonly identity: Uint8Array }
  /** A client at `path` has completed its handshake. */
  | ({
      readonly type: 'connected';
      readonly peer: number;
      readonly path: string;
      /** The certificates that were accepted; none when the client has shown none. */
      readonly chain: readonly Uint8Array[];
      /** The public key that was accepted, when the client has shown that alone. */
      readonly rawKey: Uint8Array | undefined;
      /** The name of the shared key, when the client has come with one. */
      readonly pskIdentity: Uint8Array | undefined;
    } & Agreed)
  /** A datagram of a client. The bytes are valid until the next `receive`. */
  | { readonly type: 'data'; readonly peer: number; readonly data: Uint8Array }
  /** A client has shown that it receives at another address: what is sent to it goes to `path` now. */
  | { readonly type: 'moved'; readonly peer: number; readonly path: string }
  /** The end of an association. Without an error it was a close in order. */
  | { readonly type: 'closed'; readonly peer: number; readonly error: DtlsError | undefined };
