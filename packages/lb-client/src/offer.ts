import { featuresOffered } from '@lb-matrix/msc3079-mapper';
import { isObject } from './json.ts';

/** What a server's /versions says of low bandwidth (MSC3079, Versioning). */
export interface Offer {
  /** The UDP port. */
  readonly dtls: number;
  /** It knows integer keys of table 1: option 257 may be sent. */
  readonly integerKeys: boolean;
  /** It knows path enums of table 1. */
  readonly pathEnums: boolean;
  /** The bits of `Feature` that it understands. */
  readonly features: number;
}

/** The offer in the parsed body of /versions; `undefined` when there is none that we can use. */
export function readOffer(versions: unknown): Offer | undefined {
  const offer = offerOf(versions);
  if (offer === undefined) return undefined;
  const { dtls, cbor_enum_version: keys, coap_enum_version: paths } = offer;
  if (typeof dtls !== 'number' || !Number.isInteger(dtls) || dtls < 1 || dtls > 0xffff) return undefined;
  return { dtls, integerKeys: isVersion(keys), pathEnums: isVersion(paths), features: featuresOffered(offer) };
}

/** More than two are of no use: the key in use and the next. */
const MAX_PINS = 4;
const PIN = /^sha256\/[A-Za-z\d+/]{42}[AEIMQUYcgkosw048]=$/;

/**
 * The pins of the server's raw public keys in the parsed body of /versions; `undefined` when there are none that we know. Only
 * of an answer over HTTPS: who has another's address could name his own.
 */
export function readPins(versions: unknown): readonly string[] | undefined {
  const keys = offerOf(versions)?.raw_keys;
  if (!Array.isArray(keys)) return undefined;
  const pins = keys.slice(0, MAX_PINS).filter((key): key is string => typeof key === 'string' && PIN.test(key));
  return pins.length === 0 ? undefined : pins;
}

function offerOf(versions: unknown): Record<string, unknown> | undefined {
  if (!isObject(versions)) return undefined;
  // R28: the name while the proposal is in review.
  const offer = versions['m.low_bandwidth'] ?? versions['org.matrix.msc3079.low_bandwidth'];
  return isObject(offer) ? offer : undefined;
}

/** Tables only grow: whoever has a later one knows the first. */
function isVersion(value: unknown): boolean {
  return typeof value === 'number' && value >= 1;
}
