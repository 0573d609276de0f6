import type { DtlsListenerHandle } from './node/listener-handle.ts';
import type { ConnectDtlsOptions, ListenDtlsOptions } from './node/options.ts';
import type { DtlsClientPipe } from './node/pipe.ts';

export { generateSigningKey, nodeCrypto } from './node/crypto-provider.ts';
export type { DtlsListenerHandle, DtlsListenerStats } from './node/listener-handle.ts';
export type { ConnectDtlsOptions, ListenDtlsOptions } from './node/options.ts';
export type { DtlsClientPipe, DtlsHint, DtlsPipe, PipePeer } from './node/pipe.ts';

/** Handshakes with a DTLS server and resolves with the pipe to it. */
export declare function connectDtls(options: ConnectDtlsOptions): Promise<DtlsClientPipe>;
/** Binds a UDP socket and takes DTLS associations on it. */
export declare function listenDtls(options: ListenDtlsOptions): Promise<DtlsListenerHandle>;
