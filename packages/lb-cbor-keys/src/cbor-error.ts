/** The family of an error: what a caller does about it. */
export type CborErrorCode =
  /** The bytes are no well-formed CBOR (RFC 8949), or the text is no JSON (RFC 8259). */
  | 'malformed'
  /** Well-formed, but without a counterpart on the other side, or not accepted from a network. */
  | 'refused'
  /** Over `maxDepth` or `maxBytes`. */
  | 'limit'
  /** A mistake of the local caller: a value that is not JSON, or an option out of its range. */
  | 'invalid_argument';

/** Why exactly; each belongs to one `CborErrorCode`, and the message says what it means. */
export type CborErrorReason =
  | 'truncated'
  | 'trailing_bytes'
  | 'reserved_length'
  | 'unexpected_break'
  | 'invalid_chunk'
  | 'invalid_utf8'
  | 'invalid_json'
  | 'lone_surrogate'
  | 'nan'
  | 'infinity'
  | 'undefined'
  | 'simple_value'
  | 'byte_string'
  | 'tag'
  | 'bignum'
  | 'integer_range'
  | 'key_type'
  | 'unknown_integer_key'
  | 'duplicate_key'
  | 'too_deep'
  | 'too_large'
  | 'not_json'
  | 'option_range';

const FAMILIES: Readonly<Record<CborErrorReason, readonly [CborErrorCode, string]>> = {
  truncated: ['malformed', 'the input ends in the middle of a value'],
  trailing_bytes: ['malformed', 'there is more input after the value'],
  reserved_length: ['malformed', 'additional information 28 to 30, or 31 where nothing can be indefinite'],
  unexpected_break: ['malformed', 'a break outside of an indefinite-length item, or in place of a value'],
  invalid_chunk: ['malformed', 'a chunk of an indefinite-length string is not a definite string of its type'],
  invalid_utf8: ['malformed', 'text is not UTF-8'],
  invalid_json: ['malformed', 'this is not JSON'],
  lone_surrogate: ['refused', 'half of a surrogate pair has no place in UTF-8'],
  nan: ['refused', 'NaN has no JSON form'],
  infinity: ['refused', 'an infinite number, or one too large for a double, has no counterpart'],
  undefined: ['refused', 'undefined has no JSON form'],
  simple_value: ['refused', 'a reserved or unassigned simple value'],
  byte_string: ['refused', 'byte strings have no JSON form'],
  tag: ['refused', 'tags other than 55799 are not accepted'],
  bignum: ['refused', 'bignums are not accepted'],
  integer_range: ['refused', 'an integer beyond 64 bits cannot be kept exact'],
  key_type: ['refused', 'a map key is neither text nor an integer'],
  unknown_integer_key: ['refused', 'an integer key that the table does not have'],
  duplicate_key: ['refused', 'the same key twice in one map'],
  too_deep: ['limit', 'arrays and maps are nested deeper than maxDepth'],
  too_large: ['limit', 'the input or the output is longer than maxBytes'],
  not_json: ['invalid_argument', 'the value is not JSON'],
  option_range: ['invalid_argument', 'maxDepth is 1 to 1024, maxBytes 1 to 2^30'],
};

/** The one error class of this package. Match on `code` and `reason`; the message is for people. */
export class CborError extends Error {
  readonly code: CborErrorCode;
  readonly reason: CborErrorReason;
  /**
   * Where, in bytes: of the input (of its UTF-8 form, when that was a string), or of the output so far for `encodeValue`,
   * which has no bytes to read. For `too_large` it is the limit.
   */
  readonly offset: number;

  constructor(reason: CborErrorReason, offset: number) {
    const [code, text] = FAMILIES[reason];
    super(`${text}, at byte ${offset}`);
    this.name = 'CborError';
    this.code = code;
    this.reason = reason;
    this.offset = offset;
  }
}
