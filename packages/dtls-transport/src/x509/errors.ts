import { DtlsError } from '../errors.ts';

/** Why a certificate, a chain or a key was refused. */
export type CertificateErrorReason =
  | 'malformed'
  | 'too-large'
  | 'unsupported-key'
  | 'not-yet-valid'
  | 'expired'
  | 'name-mismatch'
  | 'unknown-issuer'
  | 'unsupported-signature-algorithm'
  | 'bad-signature'
  | 'not-a-ca'
  | 'path-length'
  | 'key-usage'
  | 'extended-key-usage'
  | 'name-constraints'
  | 'unknown-critical-extension'
  | 'pin-mismatch';

/** A certificate, a chain of them, or a key was refused; `message` says what to do about it. */
export class CertificateError extends DtlsError {
  override readonly name = 'CertificateError';
  readonly code = 'ERR_DTLS_CERTIFICATE';
  readonly reason: CertificateErrorReason;

  constructor(reason: CertificateErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
