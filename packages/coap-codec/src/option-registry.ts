/** The formats of option values (RFC 7252 3.2). */
export type OptionFormat = 'empty' | 'opaque' | 'uint' | 'string';

/** What an option's number, name, format and bounds are. Its class follows from the number: see `isCritical`. */
export interface OptionDefinition {
  readonly number: number;
  readonly name: string;
  readonly format: OptionFormat;
  /** Bounds of the value's length, in bytes. */
  readonly minLength: number;
  readonly maxLength: number;
  /** May stand in a message more than once (RFC 7252 5.4.5). */
  readonly repeatable: boolean;
}

/** Definitions by number. Build your own with `createOptionRegistry` to add private options. */
export type OptionRegistry = ReadonlyMap<number, OptionDefinition>;

/**
 * Option numbers: RFC 7252 12.2, Observe (RFC 7641), Block (RFC 7959), OSCORE (RFC 8613), Hop-Limit (RFC 8768),
 * No-Response (RFC 7967), Echo and Request-Tag (RFC 9175), Q-Block (RFC 9177), and the two of MSC3079.
 */
export const OptionNumber = {
  IfMatch: 1,
  UriHost: 3,
  ETag: 4,
  IfNoneMatch: 5,
  Observe: 6,
  UriPort: 7,
  LocationPath: 8,
  OSCORE: 9,
  UriPath: 11,
  ContentFormat: 12,
  MaxAge: 14,
  UriQuery: 15,
  HopLimit: 16,
  Accept: 17,
  QBlock1: 19,
  LocationQuery: 20,
  Block2: 23,
  Block1: 27,
  Size2: 28,
  QBlock2: 31,
  ProxyUri: 35,
  ProxyScheme: 39,
  Size1: 60,
  Echo: 252,
  /** MSC3079: the access token. */
  Authorization: 256,
  /** MSC3079: the version of the integer key table. */
  CborKeys: 257,
  NoResponse: 258,
  RequestTag: 292,
} as const;

type Row = readonly [number, string, OptionFormat, number, number, 'repeatable'?];

const ROWS: readonly Row[] = [
  [OptionNumber.IfMatch, 'If-Match', 'opaque', 0, 8, 'repeatable'],
  [OptionNumber.UriHost, 'Uri-Host', 'string', 1, 255],
  [OptionNumber.ETag, 'ETag', 'opaque', 1, 8, 'repeatable'],
  [OptionNumber.IfNoneMatch, 'If-None-Match', 'empty', 0, 0],
  [OptionNumber.Observe, 'Observe', 'uint', 0, 3],
  [OptionNumber.UriPort, 'Uri-Port', 'uint', 0, 2],
  [OptionNumber.LocationPath, 'Location-Path', 'string', 0, 255, 'repeatable'],
  [OptionNumber.OSCORE, 'OSCORE', 'opaque', 0, 255],
  [OptionNumber.UriPath, 'Uri-Path', 'string', 0, 255, 'repeatable'],
  [OptionNumber.ContentFormat, 'Content-Format', 'uint', 0, 2],
  [OptionNumber.MaxAge, 'Max-Age', 'uint', 0, 4],
  [OptionNumber.UriQuery, 'Uri-Query', 'string', 0, 255, 'repeatable'],
  [OptionNumber.HopLimit, 'Hop-Limit', 'uint', 1, 1],
  [OptionNumber.Accept, 'Accept', 'uint', 0, 2],
  [OptionNumber.QBlock1, 'Q-Block1', 'uint', 0, 3],
  [OptionNumber.LocationQuery, 'Location-Query', 'string', 0, 255, 'repeatable'],
  [OptionNumber.Block2, 'Block2', 'uint', 0, 3],
  [OptionNumber.Block1, 'Block1', 'uint', 0, 3],
  [OptionNumber.Size2, 'Size2', 'uint', 0, 4],
  [OptionNumber.QBlock2, 'Q-Block2', 'uint', 0, 3, 'repeatable'],
  [OptionNumber.ProxyUri, 'Proxy-Uri', 'string', 1, 1034],
  [OptionNumber.ProxyScheme, 'Proxy-Scheme', 'string', 1, 255],
  [OptionNumber.Size1, 'Size1', 'uint', 0, 4],
  [OptionNumber.Echo, 'Echo', 'opaque', 1, 40],
  // MSC3079 gives it Uri-Query's properties; a token may be longer, so the length is what an option can carry at most.
  [OptionNumber.Authorization, 'Authorization', 'string', 0, 65_804, 'repeatable'],
  [OptionNumber.CborKeys, 'CBOR-Keys', 'uint', 0, 4],
  [OptionNumber.NoResponse, 'No-Response', 'uint', 0, 1],
  [OptionNumber.RequestTag, 'Request-Tag', 'opaque', 0, 8, 'repeatable'],
];

/** Definitions of every number in `OptionNumber`. */
export const optionRegistry: OptionRegistry = new Map(
  ROWS.map(([number, name, format, minLength, maxLength, repeatable]) => [
    number,
    { number, name, format, minLength, maxLength, repeatable: repeatable !== undefined },
  ]),
);

/** `optionRegistry` and your own definitions; yours win. */
export function createOptionRegistry(definitions: Iterable<OptionDefinition>): OptionRegistry {
  const registry = new Map(optionRegistry);
  for (const definition of definitions) registry.set(definition.number, definition);
  return registry;
}

/** An endpoint that does not know the option must not process the message (RFC 7252 5.4.1). */
export function isCritical(number: number): boolean {
  return (number & 0x01) !== 0;
}

/** A proxy that does not know the option must not forward the message (RFC 7252 5.4.2). */
export function isUnsafe(number: number): boolean {
  return (number & 0x02) !== 0;
}

/** The option is not part of the cache key (RFC 7252 5.4.6). */
export function isNoCacheKey(number: number): boolean {
  return (number & 0x1e) === 0x1c;
}
