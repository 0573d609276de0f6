import { DtlsPeerError, type PeerReason } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { UNCOMPRESSED_POINT } from './parameters.ts';

/** What client and server may say alike. Throws `DtlsPeerError`. */
export function checkCommonExtensions(extensions: Extensions): void {
  // RFC 7627 5.2: we do not go on with a peer that lacks the extended master secret.
  const extendedMasterSecret = extensions.get(EXTENSION.extendedMasterSecret);
  if (extendedMasterSecret === undefined) {
    refuse('no-extended-master-secret', ALERT.handshake_failure, 'the peer does not know the extended master secret');
  }
  if (extendedMasterSecret.length > 0)
    refuse('bad-extension', ALERT.decode_error, 'extended_master_secret is not empty');
  // RFC 5746 3.4, 3.6: in a first handshake it carries an empty verify_data.
  const renegotiation = extensions.get(EXTENSION.renegotiationInfo);
  if (renegotiation !== undefined && !(renegotiation.length === 1 && renegotiation[0] === 0)) {
    refuse('renegotiation', ALERT.handshake_failure, 'renegotiation_info is not empty');
  }
  // RFC 8422 5.1.2: a list with a length of one byte, uncompressed among it.
  const formats = extensions.get(EXTENSION.ecPointFormats);
  if (formats === undefined) return;
  if (formats[0] !== formats.length - 1 || !formats.subarray(1).includes(UNCOMPRESSED_POINT)) {
    refuse('bad-extension', ALERT.illegal_parameter, 'ec_point_formats has no uncompressed points');
  }
}

function refuse(reason: PeerReason, alert: number, message: string): never {
  throw new DtlsPeerError(reason, alert, message);
}
