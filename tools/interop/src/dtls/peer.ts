import type { CertificateFiles } from '../certificate.ts';

/** The cipher suites that we speak, by their IANA names without `TLS_` and the hash. The last three are those of 1.3. */
export type Suite =
  | 'ECDHE_ECDSA_WITH_AES_128_GCM'
  | 'ECDHE_ECDSA_WITH_AES_256_GCM'
  | 'ECDHE_ECDSA_WITH_CHACHA20_POLY1305'
  | 'ECDHE_ECDSA_WITH_AES_128_CCM'
  | 'ECDHE_ECDSA_WITH_AES_128_CCM_8'
  | 'ECDHE_RSA_WITH_AES_128_GCM'
  | 'ECDHE_RSA_WITH_AES_256_GCM'
  | 'ECDHE_RSA_WITH_CHACHA20_POLY1305'
  | 'PSK_WITH_AES_128_GCM'
  | 'PSK_WITH_AES_128_CCM_8'
  | 'ECDHE_PSK_WITH_AES_128_GCM'
  | 'ECDHE_PSK_WITH_CHACHA20_POLY1305'
  | 'AES_128_GCM'
  | 'AES_256_GCM'
  | 'CHACHA20_POLY1305';

/** How a peer is to speak DTLS. */
export interface DtlsSetup {
  /** The version that the peer allows. Default: 1.2. */
  readonly version?: '1.2' | '1.3' | 'both' | undefined;
  /** The one suite that the peer allows: a handshake that completes has used it. Default: its own list. */
  readonly suite?: Suite | undefined;
  /** The one group that the peer allows. Default: its own choice. */
  readonly group?: 'x25519' | 'secp256r1' | undefined;
  /** The server's certificate, and what the peer as client trusts. */
  readonly certificate?: CertificateFiles | undefined;
  /** The client's certificate: the server demands one, and trusts it. */
  readonly clientCertificate?: CertificateFiles | undefined;
  readonly psk?: { readonly identity: string; readonly hexKey: string } | undefined;
  /** The shared key alone makes the keys, without ECDHE (psk_ke of 1.3). */
  readonly pskAlone?: boolean | undefined;
  /** The server shows the public key of `certificate` alone (RFC 7250), and the client wants to see that. */
  readonly rawKey?: boolean | undefined;
  /** The client shows the public key of `clientCertificate` alone (RFC 7250), and the server wants to see that. */
  readonly clientRawKey?: boolean | undefined;
  /** The peer changes its keys while it talks; its client says hello four times then. */
  readonly keyUpdate?: boolean | undefined;
  /** The peer's MTU in bytes. */
  readonly mtu?: number | undefined;
  /** False: the peer's server starts without asking for a cookie. */
  readonly cookie?: boolean | undefined;
  /** What the peer announces by record_size_limit (RFC 8449). */
  readonly recordSize?: number | undefined;
}

/** A peer's server that has started. */
interface DtlsPeerServer {
  readonly port: number;
  /** Resolves when the server has got `text` and sends it back. */
  echoes(text: string): Promise<void>;
  /** Resolves when the server has seen our close_notify. */
  closed(): Promise<void>;
  stop(): Promise<void>;
}

/** A peer's client whose handshake is done and that has verified us; it says `hello`. */
interface DtlsPeerClient {
  /** Resolves when it shows `text`, which we sent. */
  shows(text: string): Promise<void>;
  /** Makes it close the association in order. */
  close(): Promise<void>;
  stop(): Promise<void>;
}

/** An implementation of DTLS that we did not write. */
export interface DtlsPeer {
  readonly name: string;
  /** Installs it where it is missing. */
  install(): void;
  startServer(setup: DtlsSetup): Promise<DtlsPeerServer>;
  /** Rejects when its handshake fails, with its output in the error's message. */
  connect(port: number, setup: DtlsSetup): Promise<DtlsPeerClient>;
}
