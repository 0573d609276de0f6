import { CoapError } from './errors.ts';

/**
 * Method and response codes (RFC 7252 12.1, RFC 7959, RFC 8132, RFC 8516, RFC 8768), one byte each: class in the upper
 * 3 bits, detail in the lower 5. A code of another number is as good: nothing here rejects it.
 */
export const Code = {
  Empty: 0x00,

  GET: 0x01,
  POST: 0x02,
  PUT: 0x03,
  DELETE: 0x04,
  FETCH: 0x05,
  PATCH: 0x06,
  iPATCH: 0x07,

  Created: 0x41,
  Deleted: 0x42,
  Valid: 0x43,
  Changed: 0x44,
  Content: 0x45,
  Continue: 0x5f,

  BadRequest: 0x80,
  Unauthorized: 0x81,
  BadOption: 0x82,
  Forbidden: 0x83,
  NotFound: 0x84,
  MethodNotAllowed: 0x85,
  NotAcceptable: 0x86,
  RequestEntityIncomplete: 0x88,
  Conflict: 0x89,
  PreconditionFailed: 0x8c,
  RequestEntityTooLarge: 0x8d,
  UnsupportedContentFormat: 0x8f,
  UnprocessableEntity: 0x96,
  TooManyRequests: 0x9d,

  InternalServerError: 0xa0,
  NotImplemented: 0xa1,
  BadGateway: 0xa2,
  ServiceUnavailable: 0xa3,
  GatewayTimeout: 0xa4,
  ProxyingNotSupported: 0xa5,
  HopLimitReached: 0xa8,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(Code).map(([name, code]) => [code, name]));

/** The class of a code, 0-7: 0 request, 2 success, 4 client error, 5 server error (RFC 7252 section 3). */
export function codeClass(code: number): number {
  return code >> 5;
}

/** True for 0.01-0.31. */
export function isRequest(code: number): boolean {
  return code > 0 && code < 0x20;
}

/** True for classes 2, 4 and 5; the classes 1, 6 and 7 are reserved (RFC 7252 12.1). */
export function isResponse(code: number): boolean {
  const cls = code >> 5;
  return cls === 2 || cls === 4 || cls === 5;
}

/** `0x45` as `'2.05'` (RFC 7252 section 3). */
export function codeToString(code: number): string {
  return `${code >> 5}.${String(code & 0x1f).padStart(2, '0')}`;
}

/** `'2.05'` as `0x45`. Throws `CoapError` (`invalid_code`) for anything that is not `c.dd` with c 0-7 and dd 00-31. */
export function codeFromString(text: string): number {
  const match = /^([0-7])\.([0-2][0-9]|3[01])$/.exec(text);
  if (match === null) throw new CoapError('invalid_code', `"${text}" is not a CoAP code such as 2.05`);
  return (Number(match[1]) << 5) | Number(match[2]);
}

/** The standard's name of a code (`'GET'`, `'NotFound'`), or `undefined` when none is assigned here. */
export function codeName(code: number): string | undefined {
  return NAMES.get(code);
}
