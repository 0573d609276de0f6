import { CborError, decodeToJson, encodeJson } from '@lb-matrix/lb-cbor-keys';
import { type BodyForm, readForm } from './body-form.ts';
import { MappingError, type MappingReason } from './mapping-error.ts';

/** JSON as CBOR of a form. Throws `MappingError` of the given reason. */
export function encodeJsonBody(json: Uint8Array, { keys, base64 }: BodyForm, reason: MappingReason): Uint8Array {
  try {
    return encodeJson(json, { keys, base64 });
  } catch (error) {
    throw asMappingError(error, reason, 'JSON');
  }
}

/** CBOR of a form as JSON; integer keys are reported. Throws `MappingError` of the given reason. */
export function decodeCborBody(
  cbor: Uint8Array,
  { keys, base64 }: BodyForm,
  reason: MappingReason,
  onIntegerKeys?: () => void,
): Uint8Array {
  try {
    return decodeToJson(cbor, { keys, base64, onIntegerKeys });
  } catch (error) {
    throw asMappingError(error, reason, 'CBOR');
  }
}

/**
 * JSON of the homeserver as CBOR, or `undefined` where it is JSON that has no CBOR form within our limits: an integer
 * beyond 64 bits, half a surrogate pair, deep nesting. Anybody in a room can write an event like that, and it must not
 * cost the others their /sync. Throws `MappingError` (`upstream`) for what is no JSON.
 */
export function tryEncodeJsonBody(json: Uint8Array, { keys, base64 }: BodyForm): Uint8Array | undefined {
  try {
    return encodeJson(json, { keys, base64 });
  } catch (error) {
    const exotic = error instanceof CborError && (error.code === 'refused' || error.code === 'limit');
    if (exotic && parseJson(json) !== undefined) return undefined;
    throw asMappingError(error, 'upstream', 'JSON');
  }
}

const NEWEST = readForm(-1, undefined);

/** Whether this is CBOR to those who have agreed on everything. */
export function isNewestCbor(cbor: Uint8Array): boolean {
  try {
    decodeToJson(cbor, { keys: NEWEST.keys, base64: NEWEST.base64 });
    return true;
  } catch {
    return false;
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
