/** Codes that callers may match on; they never change. */
export type DtlsErrorCode =
  | 'ERR_DTLS_MALFORMED'
  | 'ERR_DTLS_PEER'
  | 'ERR_DTLS_ALERT'
  | 'ERR_DTLS_TIMEOUT'
  | 'ERR_DTLS_CERTIFICATE'
  | 'ERR_DTLS_REFUSED';

/** What every error of the engines has in common. Match on `code` (and `reason`), never on the text. */
export abstract class DtlsError extends Error {
  override readonly name: string = 'DtlsError';
  abstract readonly code: DtlsErrorCode;
}

/** What is wrong with bytes that cannot be read. */
export type MalformedReason = 'truncated' | 'trailing-bytes' | 'bad-length' | 'bad-value' | 'duplicate-extension';

/** Bytes of the peer cannot be read. `offset` counts from the start of the message's body. */
export class DtlsMalformedError extends DtlsError {
  override readonly name = 'DtlsMalformedError';
  readonly code = 'ERR_DTLS_MALFORMED';
  readonly reason: MalformedReason;
  readonly offset: number;

  constructor(reason: MalformedReason, offset: number, what: string) {
    super(`malformed ${what}: ${reason} at byte ${offset}`);
    this.reason = reason;
    this.offset = offset;
  }
}

/** Which rule of the protocol the peer broke, or what the two sides have not in common. */
export type PeerReason =
  | 'unexpected-message'
  | 'unsupported-version'
  | 'no-common-cipher-suite'
  | 'no-common-group'
  | 'no-common-signature-scheme'
  | 'no-extended-master-secret'
  | 'unoffered-extension'
  | 'bad-extension'
  | 'renegotiation'
  | 'no-certificate'
  | 'bad-certificate'
  | 'unknown-psk-identity'
  | 'bad-psk-binder'
  | 'bad-key-share'
  | 'bad-signature'
  | 'bad-finished'
  | 'bad-hello'
  | 'downgrade'
  | 'unsupported-certificate-type'
  | 'too-many-failed-records';

/** The peer said something readable that the protocol forbids or that we cannot go on from. */
export class DtlsPeerError extends DtlsError {
  override readonly name = 'DtlsPeerError';
  readonly code = 'ERR_DTLS_PEER';
  readonly reason: PeerReason;
  /** The alert that was sent for it (RFC 5246 7.2.2). */
  readonly alert: number;

  constructor(reason: PeerReason, alert: number, message: string) {
    super(message);
    this.reason = reason;
    this.alert = alert;
  }
}

/** The peer ended the association with an alert. */
export class DtlsAlertError extends DtlsError {
  override readonly name = 'DtlsAlertError';
  readonly code = 'ERR_DTLS_ALERT';
  /** The number of the alert (RFC 5246 7.2). */
  readonly alert: number;
  /** Its name in the RFC, such as `handshake_failure`; `alert_N` for a number that we do not know. */
  readonly alertName: string;

  constructor(alert: number, alertName: string) {
    super(`the peer sent the alert ${alertName} (${alert})`);
    this.alert = alert;
    this.alertName = alertName;
  }
}

/** Time ran out: for the handshake, or for an association that said nothing. */
export class DtlsTimeoutError extends DtlsError {
  override readonly name = 'DtlsTimeoutError';
  readonly code = 'ERR_DTLS_TIMEOUT';
  readonly reason: 'handshake' | 'idle';

  constructor(reason: 'handshake' | 'idle', milliseconds: number) {
    super(
      reason === 'handshake'
        ? `the handshake did not complete within ${milliseconds} ms`
        : `the peer sent nothing for ${milliseconds} ms`,
    );
    this.reason = reason;
  }
}

/** Our side did not accept the peer's certificate (`rejectPeer`). The code is that of `CertificateError`, which says why. */
export class DtlsCertificateRejectedError extends DtlsError {
  override readonly name = 'DtlsCertificateRejectedError';
  readonly code = 'ERR_DTLS_CERTIFICATE';
  /** The alert that was sent for it (RFC 5246 7.2.2). */
  readonly alert: number;

  constructor(alert: number) {
    super("the peer's certificate was not accepted");
    this.alert = alert;
  }
}

/** Why our side refused to go on, or to do what it was asked for. */
export type RefusedReason =
  | 'bad-option'
  | 'too-large'
  | 'queue-full'
  | 'closed'
  | 'no-question'
  | 'evicted'
  | 'replaced'
  | 'sequence-exhausted';

/** Refused locally: a mistake of the caller (thrown at once), or a bound that ended an association. */
export class DtlsRefusedError extends DtlsError {
  override readonly name = 'DtlsRefusedError';
  readonly code = 'ERR_DTLS_REFUSED';
  readonly reason: RefusedReason;

  constructor(reason: RefusedReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
