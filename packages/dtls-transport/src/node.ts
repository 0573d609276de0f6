export type { DtlsVersionNumber } from './engine-options.ts';
export { zlibCompression } from './node/certificate-compression.ts';
export { connectDtls } from './node/connect-dtls.ts';
export { generateSigningKey, nodeCrypto } from './node/crypto-provider.ts';
export { listenDtls } from './node/listen-dtls.ts';
export type { DtlsListenerHandle, NodeListenerStats } from './node/listener-handle.ts';
export type {
  CertificateAndKey,
  ClientCertificateRequest,
  ConnectDtlsOptions,
  ListenDtlsOptions,
  RawKey,
} from './node/options.ts';
export type {
  DtlsClientPipe,
  DtlsHint,
  DtlsPipe,
  DtlsPipeStats,
  DtlsProtocol,
  PipePeer,
} from './node/pipe.ts';
