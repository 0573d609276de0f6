import type { DtlsVersionNumber } from '../engine-options.ts';
import type { CipherSuiteName } from '../handshake/cipher-suites.ts';
import type { PskMode } from '../handshake/psk-mode.ts';

/** A chain (DER, one's own certificate first) and the private key of the first (PKCS#8 DER): P-256, Ed25519 or RSA. */
export interface CertificateAndKey {
  readonly chain: readonly Uint8Array[];
  readonly privateKey: Uint8Array;
}

/** A private key (PKCS#8 DER) that is shown without a certificate (RFC 7250): P-256 or Ed25519. */
export interface RawKey {
  readonly privateKey: Uint8Array;
}

/** What both sides may be told. */
interface CommonOptions {
  /** The largest IP packet to send, in bytes, headers of IP and UDP included. Default: 1280, or the MTU of the interface where that is less and the system says it (Linux). */
  readonly mtu?: number | undefined;
  /** Milliseconds until a handshake is given up. Default 60,000. */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Milliseconds until a flight of the handshake is sent again that nothing has answered, from 50 on; each further time it is twice as
   * long. Once a round trip has been measured, 1.5 times that counts (RFC 9147 5.8.2), and at least 100. Default 1,000.
   */
  readonly retransmissionTimeout?: number | undefined;
  /** The versions of DTLS to speak, the best first. Default `['1.3', '1.2']`. */
  readonly versions?: readonly DtlsVersionNumber[] | undefined;
  /** Cipher suites, the best first. Default: all of `CIPHER_SUITE_NAMES` that there are keys for. */
  readonly cipherSuites?: readonly CipherSuiteName[] | undefined;
  /**
   * How a shared key makes keys in DTLS 1.3 (RFC 8446 4.2.9), the best first. Default `['psk_dhe_ke']`. `psk_ke` does without ECDHE, which
   * saves 90 bytes, and has no forward secrecy: whoever learns the key can read all that was ever recorded.
   */
  readonly pskModes?: readonly PskMode[] | undefined;
  /** The most that we take in one record, in bytes (64 to 16,384; RFC 8449). Default: no limit, and none is told. */
  readonly recordSizeLimit?: number | undefined;
  /** Called with each line of an NSS key log, which lets others decrypt the session. */
  readonly keyLog?: ((line: string) => void) | undefined;
  /**
   * Connection ids (RFC 9146, RFC 9147), with which an association goes on when a client's address changes: a client asks for one and
   * sends it in each record, which takes 4 to 5 bytes. Default: a listener gives them out, a client does not ask.
   */
  readonly connectionIds?: boolean | undefined;
}

/** How to reach and to check a DTLS server. */
export interface ConnectDtlsOptions extends CommonOptions {
  /** A name or a numeric address. A name is looked up once and its first address is used. */
  readonly host: string;
  readonly port: number;
  /** The name that the certificate must carry, also sent as SNI unless it is an address. Default: `host`. */
  readonly serverName?: string | undefined;
  /** Trusted certificates (DER). Default: those that Node ships. A self-signed certificate may be its own root. */
  readonly roots?: readonly Uint8Array[] | undefined;
  /**
   * Who the server is, in place of a certificate that verifies: one of these pins (`publicKeyPin`) must be that of its public
   * key. It is asked for the key alone (RFC 7250, DTLS 1.3); of a server that shows a certificate, the key in it counts, and
   * neither its issuer, names nor dates do. Excludes `roots`, `psk` and `dangerouslySkipVerification`. Default: none.
   */
  readonly pins?: readonly string[] | undefined;
  /** Accept any certificate: whoever is on the way can then read and change everything. Default false. */
  readonly dangerouslySkipVerification?: boolean | undefined;
  /** What a server that asks for a certificate gets. Default: none. */
  readonly clientCertificate?: CertificateAndKey | undefined;
  /** The key that we show such a server instead, if it takes one without a certificate (RFC 7250, DTLS 1.3). Default: none. */
  readonly clientRawKey?: RawKey | undefined;
  /**
   * A key that we share with the server, 1 to 256 random bytes, and its name there, at most 128 bytes of UTF-8. Then the key
   * shows who both are: no certificate is needed, and the server must know the key.
   */
  readonly psk?: { readonly identity: string; readonly key: Uint8Array } | undefined;
  /** Gives up the handshake: the promise rejects with the signal's reason. Later it does nothing. */
  readonly signal?: AbortSignal | undefined;
}

/** Whom a listener takes of those that it asks: by `roots` or by `pins`. */
export interface ClientCertificateRequest {
  readonly required: boolean;
  /** Those whose certificate leads to one of these (DER) and is good for `clientAuth`. */
  readonly roots?: readonly Uint8Array[] | undefined;
  /** Those whose public key has one of these pins (`publicKeyPin`): in a certificate, or in DTLS 1.3 alone (RFC 7250). */
  readonly pins?: readonly string[] | undefined;
}

/** Where to listen, as whom, and the bounds. Clients need `certificate`, `rawKey` or `psk`. */
export interface ListenDtlsOptions extends CommonOptions {
  /** A numeric address or a name; `::` is every address of both families. */
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Who the server is to clients that want a certificate. */
  readonly certificate?: CertificateAndKey | undefined;
  /** The key that clients get which take it without a certificate; that needs DTLS 1.3 in `versions`. Default: none. */
  readonly rawKey?: RawKey | undefined;
  /**
   * The key that we share with the client of this name, at once or later; `undefined` when there is none, which the client
   * is told. A name that is not UTF-8 is not asked for; what is thrown, and a key of other than 1 to 256 bytes, counts as none.
   */
  readonly psk?: ((identity: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>) | undefined;
  /**
   * Ask clients who they are; with `required`, those that show nothing are turned away. Those that come with a shared key are not
   * asked. Default: none is.
   */
  readonly requestClientCertificate?: ClientCertificateRequest | undefined;
  /** Associations at a time; beyond it the one that was silent for longest is closed. Default 10,000. */
  readonly maxPeers?: number | undefined;
  /** Handshakes at a time; beyond it the oldest is given up. Default 1,000. */
  readonly maxHandshakes?: number | undefined;
  /** Milliseconds of silence after which an association is closed. Default 86,400,000 (a day). */
  readonly idleTimeout?: number | undefined;
}
