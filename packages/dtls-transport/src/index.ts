export { DtlsClient, type DtlsClientEvent, type DtlsClientOptions } from './client.ts';
export type { DtlsVersion } from './connection/connection-event.ts';
export type {
  Aead,
  AeadName,
  CertificateSignatureScheme,
  CryptoProvider,
  GroupName,
  HashName,
  KeyAgreement,
  RunningHash,
  SignatureScheme,
  SigningKey,
} from './crypto/provider.ts';
export { isPublicKeyPin, publicKeyPin } from './crypto/public-key-pin.ts';
export type { RecordNumberMask } from './crypto/record-number-mask.ts';
export type { DropReason, Drops } from './drops.ts';
export type { ConnectionIdOptions, DtlsVersionNumber, EngineOptions, Transmit } from './engine-options.ts';
export {
  DtlsAlertError,
  DtlsCertificateRejectedError,
  DtlsError,
  type DtlsErrorCode,
  DtlsMalformedError,
  DtlsPeerError,
  DtlsRefusedError,
  DtlsTimeoutError,
  type MalformedReason,
  type PeerReason,
  type RefusedReason,
} from './errors.ts';
export type { CertificateCompression } from './handshake/certificate-packer.ts';
export type { CertificateTypeName } from './handshake/certificate-types.ts';
export { CIPHER_SUITE_NAMES, type CipherSuiteName } from './handshake/cipher-suites.ts';
export type { RandomBytes } from './handshake/handshake.ts';
export type { PskMode } from './handshake/psk-mode.ts';
export type { Identity, PreSharedKey } from './identity.ts';
export { DtlsListener, type DtlsListenerStats } from './listener/listener.ts';
export type { DtlsListenerEvent } from './listener/listener-event.ts';
export type { DtlsListenerOptions } from './listener/listener-options.ts';
export { ALERT, alertName } from './wire/alert.ts';
export { createSelfSignedCertificate, type SelfSignedCertificateOptions } from './x509/create-certificate.ts';
export { CertificateError, type CertificateErrorReason } from './x509/errors.ts';
export { readPemCertificates, readPemPrivateKey, writePem } from './x509/pem.ts';
