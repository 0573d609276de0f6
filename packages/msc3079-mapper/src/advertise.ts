import { isObject, parseJson } from './json-body.ts';
import { MappingError } from './mapping-error.ts';
import { PATH_TABLE_VERSION } from './path-table.ts';

/**
 * The body of /_matrix/client/versions with what this server offers (R25): `m.low_bandwidth`, and the same under
 * `org.matrix.msc3079.low_bandwidth` while the proposal is in review (R28), in place of what stood there. `dtls` is the
 * UDP port. Throws `MappingError` (`upstream`) when `versions` is not a JSON object in UTF-8.
 */
export function advertiseLowBandwidth(versions: Uint8Array, { dtls }: { readonly dtls: number }): Uint8Array {
  const offer = { dtls, cbor_enum_version: 1, coap_enum_version: PATH_TABLE_VERSION };
  const body = parseJson(versions);
  if (!isObject(body)) throw new MappingError('upstream', 'The homeserver did not answer with a JSON object');
  body['m.low_bandwidth'] = offer;
  body['org.matrix.msc3079.low_bandwidth'] = offer;
  return new TextEncoder().encode(JSON.stringify(body));
}
