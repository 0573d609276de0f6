import { DtlsCertificateRejectedError, type DtlsError, DtlsMalformedError, DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';

/** What the peer is told about a failure. */
export function alertFor(error: DtlsError): number | undefined {
  if (error instanceof DtlsPeerError || error instanceof DtlsCertificateRejectedError) return error.alert;
  return error instanceof DtlsMalformedError ? ALERT.decode_error : undefined;
}
