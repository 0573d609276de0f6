import { MappingError } from './mapping-error.ts';
import { PATH_TABLE_VERSION } from './path-table.ts';

/**
 * The body of /_matrix/client/versions with what this server offers (R25): `m.low_bandwidth`, and the same under
 * `org.matrix.msc3079.low_bandwidth` while the proposal is in review (R28), in place of what stood there. `dtls` is the
 * UDP port. Throws `MappingError` (`upstream`) when `versions` is not a JSON object in UTF-8.
 */
export function advertiseLowBandwidth(versions: Uint8Array, { dtls }: { readonly dtls: number }): Uint8Array {
  const offer = { dtls, cbor_enum_version: 1, coap_enum_version: PATH_TABLE_VERSION };
  const body = parseObject(versions);
  body['m.low_bandwidth'] = offer;
  body['org.matrix.msc3079.low_bandwidth'] = offer;
  return new TextEncoder().encode(JSON.stringify(body));
}

function parseObject(json: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch {
    // Answered below, with all else that is no object.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MappingError('upstream', 'The homeserver did not answer with a JSON object');
  }
  return value as Record<string, unknown>;
}
