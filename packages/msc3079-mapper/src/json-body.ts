import { CborError, decodeToJson, encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import { MappingError, type MappingReason } from './mapping-error.ts';

const V1 = keyTable(1);

/** JSON as CBOR, with the integer keys of a table or with text keys alone. Throws `MappingError` of the given reason. */
export function encodeJsonBody(json: Uint8Array, table: 1 | undefined, reason: MappingReason): Uint8Array {
  try {
    return encodeJson(json, { keys: table === 1 ? V1 : undefined });
  } catch (error) {
    throw asMappingError(error, reason, 'JSON');
  }
}

/**
 * CBOR as JSON; integer keys of table 1 are understood everywhere (R2), and reported. Throws `MappingError` of the given
 * reason.
 */
export function decodeCborBody(cbor: Uint8Array, reason: MappingReason, onIntegerKeys?: () => void): Uint8Array {
  try {
    return decodeToJson(cbor, { keys: V1, onIntegerKeys });
  } catch (error) {
    throw asMappingError(error, reason, 'CBOR');
  }
}

/**
 * JSON of the homeserver as CBOR, or `undefined` where it is JSON that has no CBOR form within our limits: an integer
 * beyond 64 bits, half a surrogate pair, deep nesting. Anybody in a room can write an event like that, and it must not
 * cost the others their /sync. Throws `MappingError` (`upstream`) for what is no JSON.
 */
export function tryEncodeJsonBody(json: Uint8Array, table: 1 | undefined): Uint8Array | undefined {
  try {
    return encodeJson(json, { keys: table === 1 ? V1 : undefined });
  } catch (error) {
    const exotic = error instanceof CborError && (error.code === 'refused' || error.code === 'limit');
    if (exotic && parseJson(json) !== undefined) return undefined;
    throw asMappingError(error, 'upstream', 'JSON');
  }
}

function asMappingError(error: unknown, reason: MappingReason, language: string): unknown {
  if (!(error instanceof CborError)) return error;
  if (error.reason === 'too_large' && reason === 'body') return new MappingError('body_too_large', 'Body too large');
  return new MappingError(reason, `The body is not the ${language} of a JSON value (${error.reason})`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value of JSON in UTF-8, or `undefined` when the bytes are none. */
export function parseJson(json: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(json));
  } catch {
    return undefined;
  }
}

/** A member of a JSON object in UTF-8, or `undefined` when there is no such member or no such object. */
export function readMember(json: Uint8Array, name: string): unknown {
  const value = parseJson(json);
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
