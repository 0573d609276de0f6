import type { JsonObject } from './json.ts';

/** Error codes of the client-server API in use here. */
export type ErrorCode =
  | 'M_BAD_JSON'
  | 'M_BAD_STATE'
  | 'M_FORBIDDEN'
  | 'M_INVALID_PARAM'
  | 'M_INVALID_SIGNATURE'
  | 'M_INVALID_USERNAME'
  | 'M_LIMIT_EXCEEDED'
  | 'M_MISSING_PARAM'
  | 'M_MISSING_TOKEN'
  | 'M_NOT_FOUND'
  | 'M_NOT_JSON'
  | 'M_ROOM_IN_USE'
  | 'M_TOO_LARGE'
  | 'M_UNKNOWN'
  | 'M_UNKNOWN_TOKEN'
  | 'M_UNRECOGNIZED'
  | 'M_UNSUPPORTED_ROOM_VERSION'
  | 'M_USER_IN_USE'
  | 'M_WRONG_ROOM_KEYS_VERSION';

/** An answer other than success. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
  /** HTTP status. */
  readonly status: number;
  /** The whole body. */
  readonly body: JsonObject;

  constructor(status: number, body: JsonObject) {
    super(JSON.stringify(body));
    this.status = status;
    this.body = body;
  }
}

/** A refusal as the specification's standard error response: `{ errcode, error, ...fields }`. */
export class MatrixError extends Refusal {
  override readonly name = 'MatrixError';

  constructor(status: number, errcode: ErrorCode, error: string, fields: JsonObject = {}) {
    super(status, { errcode, error, ...fields });
  }
}

/** 403 M_FORBIDDEN. */
export function forbidden(message: string): MatrixError {
  return new MatrixError(403, 'M_FORBIDDEN', message);
}

/** 403 M_BAD_STATE: what is asked does not fit what a user is to the room. */
export function badState(message: string): MatrixError {
  return new MatrixError(403, 'M_BAD_STATE', message);
}

/** 404 M_NOT_FOUND. */
export function notFound(message: string): MatrixError {
  return new MatrixError(404, 'M_NOT_FOUND', message);
}

/** 400 M_INVALID_PARAM. */
export function invalidParam(message: string): MatrixError {
  return new MatrixError(400, 'M_INVALID_PARAM', message);
}

/** 400 M_BAD_JSON. */
export function badJson(message: string): MatrixError {
  return new MatrixError(400, 'M_BAD_JSON', message);
}

/** 429 M_LIMIT_EXCEEDED with `retry_after_ms`. */
export function limitExceeded(retryAfterMs: number): MatrixError {
  return new MatrixError(429, 'M_LIMIT_EXCEEDED', 'Too Many Requests', { retry_after_ms: retryAfterMs });
}
