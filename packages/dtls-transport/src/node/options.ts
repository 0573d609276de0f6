/** How to reach and to check a DTLS server. */
export interface ConnectDtlsOptions {
  /** A name or a numeric address. A name is looked up once and its first address is used. */
  readonly host: string;
  readonly port: number;
  /** The name that the certificate must carry, also sent as SNI unless it is an address. Default: `host`. */
  readonly serverName?: string | undefined;
  /** Trusted certificates (DER). Default: those that Node ships. A self-signed certificate may be its own root. */
  readonly roots?: readonly Uint8Array[] | undefined;
  /** Accept any certificate: whoever is on the way can then read and change everything. Default false. */
  readonly dangerouslySkipVerification?: boolean | undefined;
  /** The largest IP packet to send, in bytes, headers of IP and UDP included. Default 1280. */
  readonly mtu?: number | undefined;
  /** Milliseconds until a handshake is given up. Default 60,000. */
  readonly handshakeTimeout?: number | undefined;
  /** Called with each line of an NSS key log, which lets others decrypt the session. */
  readonly keyLog?: ((line: string) => void) | undefined;
  /** Gives up the handshake: the promise rejects with the signal's reason. Later it does nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** Where to listen, as whom, and the bounds. */
export interface ListenDtlsOptions {
  /** A numeric address or a name; `::` is every address of both families. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** The server's chain (DER, its own certificate first) and the P-256 private key of the first (PKCS#8 DER). */
  readonly certificate: { readonly chain: readonly Uint8Array[]; readonly privateKey: Uint8Array };
  /** The largest IP packet to send, in bytes, headers of IP and UDP included. Default 1280. */
  readonly mtu?: number | undefined;
  /** Associations at a time; beyond it the one that was silent for longest is closed. Default 10,000. */
  readonly maxPeers?: number | undefined;
  /** Handshakes at a time; beyond it the oldest is given up. Default 1,000. */
  readonly maxHandshakes?: number | undefined;
  /** Milliseconds until a handshake is given up. Default 60,000. */
  readonly handshakeTimeout?: number | undefined;
  /** Milliseconds of silence after which an association is closed. Default 86,400,000 (a day). */
  readonly idleTimeout?: number | undefined;
  /** Called with each line of an NSS key log, which lets others decrypt the sessions. */
  readonly keyLog?: ((line: string) => void) | undefined;
}
