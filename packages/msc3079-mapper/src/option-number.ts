import { createOptionRegistry, OptionNumber, type OptionRegistry } from '@lb-matrix/coap-codec';

/**
 * Options of our own, until they are registered: experimental range (RFC 7252 12.2), elective and unsafe (number mod 4
 * is 2), so that a peer that does not know them ignores them and a proxy does not forward them.
 */
export const PrivateOption = {
  /** uint of `Feature` bits. Present: the client announces itself; the server answers with the subset it accepts. */
  Features: 65_002,
  /** uint: the HTTP status of a response whose CoAP code does not tell it exactly. */
  HttpStatus: 65_006,
  /**
   * One query argument, as in Uri-Query but up to 65804 bytes long; repeatable. A query with an argument of more than
   * 255 bytes travels whole in this option, to servers that have answered option 65002.
   */
  LongQuery: 65_010,
} as const;

/** Bits of option 65002. A bit that is not listed is not accepted. */
export const Feature = {
  /** Key table 2, path table 2 and the short names of its queries. */
  Tables2: 0x01,
  /** Strings of base64 as byte strings. */
  Base64: 0x02,
  /** DEFLATE with dictionary version 1, one stream a message; no Content-Format says so, and no payload is `{}`. */
  Deflate: 0x04,
  /** Answers of /sync that leave out what is known by the one before: docs/tables.md. */
  Lean: 0x08,
  /** The client understands every CoAP response code and option 65006, not only the ten codes of existing clients. */
  ExactCodes: 0x10,
  /**
   * No form of a message, but how messages are sent: again as measured round trips suggest, up to 8 times within 60 s; several
   * at once; and blocks of RFC 9177. It is the endpoint's to do.
   */
  Transmission: 0x20,
  /**
   * The request that carries it is written already as if tables, base64 and compression were agreed on, all of those that it
   * announces: the client has read in /versions that the server knows them. It is never accepted, as it asks for nothing.
   */
  Begun: 0x40,
} as const;

/**
 * The codec's registry, with our private options added. Options 256 and 65010 are opaque bytes: what is not text must be
 * refused, where the codec would drop it as an elective option that makes no sense, and the request would then run with
 * the token sent before it, or without its filter. Hop-Limit may have values that RFC 8768 section 3 wants refused.
 */
export const mapperOptionRegistry: OptionRegistry = createOptionRegistry([
  { number: OptionNumber.HopLimit, name: 'Hop-Limit', format: 'uint', ...length(4), repeatable: false },
  { number: OptionNumber.Authorization, name: 'Authorization', format: 'opaque', ...length(65_804), repeatable: true },
  { number: PrivateOption.Features, name: 'Features', format: 'uint', ...length(4), repeatable: false },
  { number: PrivateOption.HttpStatus, name: 'HTTP-Status', format: 'uint', ...length(2), repeatable: false },
  { number: PrivateOption.LongQuery, name: 'Long-Query', format: 'opaque', ...length(65_804), repeatable: true },
]);

function length(maxLength: number): { minLength: number; maxLength: number } {
  return { minLength: 0, maxLength };
}
