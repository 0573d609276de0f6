import { DICTIONARY_ID } from './dictionary.ts';
import { isObject, parseJson } from './json-body.ts';
import { MappingError } from './mapping-error.ts';
import { Feature } from './option-number.ts';
import type { PathTableVersion } from './path-table.ts';

/** What /versions says of this server. */
export interface LowBandwidthOffer {
  /** The UDP port. */
  readonly dtls: number;
  /** The newest version of both tables. Default 1. */
  readonly tables?: PathTableVersion | undefined;
  /** Whether bodies may be compressed with the dictionary. Default false. */
  readonly compression?: boolean | undefined;
  /** Whether its endpoint can do what `Feature.Transmission` means. Default false. */
  readonly transmission?: boolean | undefined;
  /** Pins (`sha256/…`) of the public keys that it shows without a certificate, the one in use and the next. Default: none. */
  readonly rawKeys?: readonly string[] | undefined;
}

/**
 * The body of /_matrix/client/versions with what this server offers (R25): `m.low_bandwidth`, and the same under
 * `org.matrix.msc3079.low_bandwidth` while the proposal is in review (R28), in place of what stood
 * there. Throws `MappingError` (`upstream`) when `versions` is not a JSON object in UTF-8.
 */
export function advertiseLowBandwidth(
  versions: Uint8Array,
  { dtls, tables = 1, compression = false, transmission = false, rawKeys = [] }: LowBandwidthOffer,
): Uint8Array {
  const offer = {
    dtls,
    cbor_enum_version: tables,
    coap_enum_version: tables,
    ...(compression ? { deflate_dict: [DICTIONARY_ID] } : {}),
    ...(transmission ? { transmission } : {}),
    ...(rawKeys.length > 0 ? { raw_keys: rawKeys } : {}),
  };
  const body = parseJson(versions);
  if (!isObject(body)) throw new MappingError('upstream', 'The homeserver did not answer with a JSON object');
  body['m.low_bandwidth'] = offer;
  body['org.matrix.msc3079.low_bandwidth'] = offer;
  return new TextEncoder().encode(JSON.stringify(body));
}

/**
 * The bits of `Feature` that a server understands by what its /versions says of low bandwidth, the member that
 * `advertiseLowBandwidth` makes.
 */
export function featuresOffered(offer: Readonly<Record<string, unknown>>): number {
  const { cbor_enum_version: keys, coap_enum_version: paths, deflate_dict: dictionaries, transmission } = offer;
  const hasTables = [keys, paths].every((version) => typeof version === 'number' && version >= 2);
  const hasDictionary = Array.isArray(dictionaries) && dictionaries.includes(DICTIONARY_ID);
  return (
    (hasTables ? Feature.Tables2 | Feature.Base64 : 0) |
    (hasDictionary ? Feature.Deflate : 0) |
    (transmission === true ? Feature.Transmission : 0)
  );
}
