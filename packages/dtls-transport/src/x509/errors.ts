/** Why a certificate or a key was refused. */
export type CertificateErrorReason =
  | 'malformed'
  | 'unsupported-key'
  | 'too-large'
  | 'expired'
  | 'not-yet-valid'
  | 'name-mismatch'
  | 'unknown-issuer'
  | 'bad-signature'
  | 'unsupported-signature-algorithm'
  | 'not-a-ca'
  | 'path-length'
  | 'key-usage'
  | 'extended-key-usage'
  | 'name-constraints'
  | 'unknown-critical-extension';

/** A certificate, a chain of them, or a key file was refused; `message` says what to do about it. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  readonly code = 'ERR_DTLS_CERTIFICATE';
  readonly reason: CertificateErrorReason;

  constructor(reason: CertificateErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
