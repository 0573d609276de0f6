import { isObject, isStringArray, type Json, type JsonObject } from '../json.ts';
import { MatrixError } from '../matrix-error.ts';

/** Which events a client wants: the specification's EventFilter, as far as it tells events apart by type and sender. */
export interface EventFilter {
  readonly limit: number | undefined;
  readonly types: readonly string[] | undefined;
  readonly notTypes: readonly string[];
  readonly senders: readonly string[] | undefined;
  readonly notSenders: readonly string[];
}

/** What a client wants of `/sync`. Fields of a filter that are not here are ignored. */
export interface SyncFilter {
  readonly accountData: EventFilter;
  readonly timeline: EventFilter;
  readonly state: EventFilter;
  readonly ephemeral: EventFilter;
  readonly roomAccountData: EventFilter;
}

/** The filter of a client that sends none. */
export const EVERYTHING: SyncFilter = parseSyncFilter({});

/** The most events of a timeline or a page, whatever the client asks for. */
export const MAX_EVENTS = 1000;

/**
 * Reads a filter of `/sync`.
 *
 * @throws MatrixError 400 M_UNKNOWN
 */
export function parseSyncFilter(json: JsonObject): SyncFilter {
  const { room = {}, event_fields: eventFields = [] } = json;
  if (!isObject(room)) throw badFilter("'room' of a filter must be an object");
  if (!isStringArray(eventFields)) throw badFilter("'event_fields' of a filter must be a list of strings");
  return {
    accountData: parseEventFilter(json.account_data),
    timeline: parseEventFilter(room.timeline),
    state: parseEventFilter(room.state),
    ephemeral: parseEventFilter(room.ephemeral),
    roomAccountData: parseEventFilter(room.account_data),
  };
}

/**
 * Reads a filter of single events.
 *
 * @throws MatrixError 400 M_UNKNOWN
 */
export function parseEventFilter(json: Json | undefined = {}): EventFilter {
  if (!isObject(json)) throw badFilter('A filter must be an object');
  const { limit } = json;
  if (limit !== undefined && !(typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0)) {
    throw badFilter("'limit' of a filter must be a number");
  }
  return {
    limit: limit === undefined ? undefined : Math.min(limit, MAX_EVENTS),
    types: optionalStrings(json, 'types'),
    notTypes: optionalStrings(json, 'not_types') ?? [],
    senders: optionalStrings(json, 'senders'),
    notSenders: optionalStrings(json, 'not_senders') ?? [],
  };
}

/**
 * Reads a filter from a query.
 *
 * @throws MatrixError 400 M_NOT_JSON
 */
export function parseFilterText(text: string): JsonObject {
  try {
    const json: Json = JSON.parse(text);
    if (isObject(json)) return json;
  } catch {}
  throw new MatrixError(400, 'M_NOT_JSON', 'Invalid filter JSON');
}

/** Whether a filter lets an event through. What has no sender passes any sender rule that does not ask for one. */
export function passes(filter: EventFilter, event: { readonly type: string; readonly sender?: string }): boolean {
  const { types, notTypes, senders, notSenders } = filter;
  const isOfType = (pattern: string): boolean => matches(pattern, event.type);
  if (notTypes.some(isOfType) || (types !== undefined && !types.some(isOfType))) return false;
  if (event.sender === undefined) return true;
  return !notSenders.includes(event.sender) && (senders === undefined || senders.includes(event.sender));
}

/** Types may hold `*`, which stands for any text. */
function matches(pattern: string, type: string): boolean {
  const [start = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return type === pattern;
  if (!type.startsWith(start)) return false;
  const end = rest.pop() ?? '';
  let at = start.length;
  for (const part of rest) {
    const found = type.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return type.length - end.length >= at && type.endsWith(end);
}

function optionalStrings(json: JsonObject, name: string): readonly string[] | undefined {
  const value = json[name];
  if (value === undefined || isStringArray(value)) return value;
  throw badFilter(`'${name}' of a filter must be a list of strings`);
}

function badFilter(message: string): MatrixError {
  return new MatrixError(400, 'M_UNKNOWN', message);
}
