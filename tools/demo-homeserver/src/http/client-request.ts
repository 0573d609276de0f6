import { isObject, type Json, type JsonObject } from '../json.ts';
import { badJson, invalidParam, MatrixError } from '../matrix-error.ts';

/** A request of a client, as routes see it. */
export interface ClientRequest {
  readonly method: string;
  /** Parameters of the path, percent-decoded, by the names of the route. */
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
  /** From the Authorization header or the query. */
  readonly accessToken: string | undefined;
  /** Address of the client or of what stands in front of us. */
  readonly ip: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The body of a request.
 *
 * @throws MatrixError 400 M_NOT_JSON, or M_BAD_JSON when it is not an object
 */
export function jsonBody({ body }: ClientRequest): JsonObject {
  let json: Json;
  try {
    json = JSON.parse(decoder.decode(body));
  } catch {
    throw new MatrixError(400, 'M_NOT_JSON', 'Content not JSON.');
  }
  if (!isObject(json)) throw badJson('Content must be a JSON object.');
  return json;
}

/** The body of a request that may come without one. */
export function jsonBodyOrEmpty(request: ClientRequest): JsonObject {
  return request.body.length === 0 ? {} : jsonBody(request);
}

/** A parameter of the path that the route has by its pattern. */
export function param({ params }: ClientRequest, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/**
 * A string of a body that must be there.
 *
 * @throws MatrixError 400 M_MISSING_PARAM or M_INVALID_PARAM
 */
export function requiredString(body: JsonObject, name: string): string {
  const value = body[name];
  if (value === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', `Missing params: ${name}`);
  if (typeof value !== 'string') throw invalidParam(`'${name}' must be a string`);
  return value;
}

/**
 * A whole number of the query.
 *
 * @throws MatrixError 400 M_INVALID_PARAM
 */
export function integerParam({ query }: ClientRequest, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  if (!/^\d{1,15}$/.test(text)) throw invalidParam(`Query parameter ${name} must be an integer`);
  return Number(text);
}
