import { type HttpRequest, isSlidingSync } from '@lb-matrix/msc3079-mapper';
import { isObject, parseJson } from './json.ts';

/**
 * What an app does without. The homeserver is asked to leave it out, so it is lost to the app: nobody is shown as typing, and so on. What
 * the app itself sends is not touched.
 */
export interface Trims {
  /** Who is typing. Default false. */
  readonly typing?: boolean | undefined;
  /** Who has read what; the homeserver's unread counts stay. Default false. */
  readonly receipts?: boolean | undefined;
  /** Who is there. Default false. */
  readonly presence?: boolean | undefined;
}

type Json = Record<string, unknown>;

/**
 * A request with the homeserver's own filter changed so that the answer does not have what is trimmed: the filter in the query of /sync, one that
 * is uploaded for it, the extensions of sliding sync. All other requests are as they were.
 */
export function trimmed(request: HttpRequest, trims: Trims): HttpRequest {
  const { method, target } = request;
  if (!Object.values(trims).includes(true)) return request;
  if (method === 'GET' && /^\/_matrix\/client\/(?:r0|v3)\/sync(?:\?|$)/.test(target)) {
    return { ...request, target: withFilter(target, trims) };
  }
  if (method !== 'POST') return request;
  if (isSlidingSync(target)) return withBody(request, (body) => withoutExtensions(body, trims));
  const isFilter = /^\/_matrix\/client\/(?:r0|v3)\/user\/[^/?]+\/filter(?:\?|$)/.test(target);
  return isFilter ? withBody(request, (filter) => narrowed(filter, trims)) : request;
}

/** A filter by its id stays: that was narrowed when it was uploaded, if it was uploaded by us. */
function withFilter(target: string, trims: Trims): string {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const text = mark < 0 ? '' : target.slice(mark + 1);
  const query = text === '' ? [] : text.split('&');
  const at = query.findIndex((argument) => argument.startsWith('filter='));
  const given = at < 0 ? {} : parseFilter(query[at]!.slice('filter='.length));
  if (given === undefined) return target;
  const filter = `filter=${encodeURIComponent(JSON.stringify(narrowed(given, trims)))}`;
  return `${path}?${(at < 0 ? [...query, filter] : query.map((argument, i) => (i === at ? filter : argument))).join('&')}`;
}

function parseFilter(text: string): Json | undefined {
  try {
    const filter: unknown = JSON.parse(decodeURIComponent(text.replaceAll('+', ' ')));
    return isObject(filter) ? filter : undefined;
  } catch {
    return undefined;
  }
}

/** Filtering in the client-server API: `not_types` goes before `types`. */
function narrowed(filter: Json, { typing = false, receipts = false, presence = false }: Trims): Json {
  const ephemeral = [...(typing ? ['m.typing'] : []), ...(receipts ? ['m.receipt'] : [])];
  const result = presence ? { ...filter, presence: without(filter.presence, ['m.presence']) } : filter;
  if (ephemeral.length === 0) return result;
  const room = asObject(result.room);
  return { ...result, room: { ...room, ephemeral: without(room.ephemeral, ephemeral) } };
}

function without(filter: unknown, types: readonly string[]): Json {
  const known = asObject(filter);
  const before: readonly unknown[] = Array.isArray(known.not_types) ? known.not_types : [];
  return { ...known, not_types: [...before, ...types.filter((type) => !before.includes(type))] };
}

/** MSC4186 has presence in no extension. */
function withoutExtensions(body: Json, { typing = false, receipts = false }: Trims): Json {
  const extensions = asObject(body.extensions);
  const off = {
    ...(typing ? { typing: { enabled: false } } : {}),
    ...(receipts ? { receipts: { enabled: false } } : {}),
  };
  const asked = Object.entries(off).filter(([name]) => Object.hasOwn(extensions, name));
  return asked.length === 0 ? body : { ...body, extensions: { ...extensions, ...Object.fromEntries(asked) } };
}

function withBody(request: HttpRequest, change: (body: Json) => Json): HttpRequest {
  const body = parseJson(request.body);
  const changed = isObject(body) ? change(body) : body;
  return changed === body ? request : { ...request, body: new TextEncoder().encode(JSON.stringify(changed)) };
}

function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}
