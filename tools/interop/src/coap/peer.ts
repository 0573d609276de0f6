import type { CoapOption } from '@lb-matrix/coap-codec';
import type { CertificateFiles } from '../certificate.ts';

/** A request, as every client here can be told to make it. */
export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: readonly string[];
  readonly query?: readonly string[];
  /** Default true. */
  readonly confirmable?: boolean;
  /** All others than those of the path, the query and blocks. */
  readonly options?: readonly CoapOption[];
  readonly payload?: Uint8Array;
  /** The size of the blocks that the client wants the response in: 0 is 16 bytes, 6 is 1024. */
  readonly szx?: number;
}

/** What a client made of the response. */
export interface Answer {
  /** As `2.05`. */
  readonly code: string;
  /** The whole body. */
  readonly payload: Uint8Array;
  /** Left out by a client that does not show them. */
  readonly options?: readonly CoapOption[];
}

/** What is to be observed, and for how long. */
interface Watch {
  readonly path: readonly string[];
  /** How many states to wait for, the one at registration and an error at the end included. */
  readonly states: number;
  /** Our client: end it without a word (the server learns of it by the Reset to its next notification). */
  readonly forget?: boolean | undefined;
}

/** A CoAP client, ours or a peer's. It rejects where it gets no response. */
export interface CoapAsker {
  ask(ask: Ask): Promise<Answer>;
  /** Observes (RFC 7641) until it has shown so many states, ends the observation in its own way and resolves with them. */
  observe(watch: Watch): Promise<readonly Uint8Array[]>;
  /** Resolves when the Reset has come (RFC 7252 section 4.3). */
  ping(): Promise<void>;
  stop(): Promise<void>;
}

/** How a peer secures CoAP: not at all, or by DTLS. */
export interface Security {
  /** The server's certificate, and what the client trusts. */
  readonly certificate: CertificateFiles;
  /** The peer gives out connection ids, and sends those that it gets. */
  readonly connectionIds?: boolean;
}

/** A peer's server; it has the resources of the ETSI descriptions that its `lacks` does not name. */
export interface CoapPeerServer {
  readonly port: number;
  /** Where it has a resource that has another place there. */
  readonly places?: Readonly<Record<string, Pick<Ask, 'path' | 'query'>>>;
  stop(): Promise<void>;
}

/** An implementation of CoAP that we did not write. */
export interface CoapPeer {
  readonly name: string;
  /** Installs it where it is missing. Returns what is needed and cannot be installed by us, if anything. */
  install(): string | undefined;
  startServer(security?: Security): Promise<CoapPeerServer>;
  connect(port: number, security?: Security): Promise<CoapAsker>;
  /** Why a case does not run with it, by the case's id (and title, where one is lossy), where we connect. */
  readonly serverLacks: Readonly<Record<string, string>>;
  /** The same where it connects. */
  readonly clientLacks: Readonly<Record<string, string>>;
}
