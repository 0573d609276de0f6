/**
 * What JSON can say. A `bigint` is an integer beyond 2^53 - 1 (in either direction) and within 64 bits; smaller ones are
 * numbers.
 */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };
