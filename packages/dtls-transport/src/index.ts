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
export { CertificateError, type CertificateErrorReason } from './x509/errors.ts';
