import type { User } from '../accounts.ts';
import { type ClientRequest, integerParam, jsonBody, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { forbidden, invalidParam, notFound } from '../matrix-error.ts';
import { parseToken } from '../stream.ts';
import { EVERYTHING, parseFilterText, parseSyncFilter, type SyncFilter } from '../sync/filter.ts';
import { sync } from '../sync/sync.ts';

/** The longest wait for news; a client that asks for more gets an empty answer then. */
const MAX_TIMEOUT_MS = 3_600_000;

/** `/sync` and its filters. */
export const syncRoutes: readonly Route[] = [
  authorised('GET /sync', (request, homeserver, requester) => {
    const since = request.query.get('since');
    return sync(
      homeserver,
      {
        requester,
        filter: filterOf(request, requester.user),
        since: since === null ? 0 : parseToken(since, 'since', homeserver.stream),
        timeout: Math.min(integerParam(request, 'timeout', 0), MAX_TIMEOUT_MS),
        fullState: request.query.get('full_state') === 'true',
      },
      request.signal,
    );
  }),
  authorised('POST /user/:userId/filter', (request, _homeserver, { user }) => {
    if (param(request, 'userId') !== user.id) throw forbidden('Cannot create filters for other users');
    const json = jsonBody(request);
    return { filter_id: String(user.filters.push({ json, filter: parseSyncFilter(json) }) - 1) };
  }),
  authorised('GET /user/:userId/filter/:filterId', (request, _homeserver, { user }) => {
    if (param(request, 'userId') !== user.id) throw forbidden('Cannot get filters for other users');
    const stored = user.filters[Number(param(request, 'filterId'))];
    if (stored === undefined) throw notFound('No such filter');
    return stored.json;
  }),
];

/** A filter is JSON in the query or the id of a stored one. */
function filterOf({ query }: ClientRequest, { filters }: User): SyncFilter {
  const text = query.get('filter');
  if (text === null) return EVERYTHING;
  if (text.startsWith('{')) return parseSyncFilter(parseFilterText(text));
  const stored = filters[Number(text)];
  if (stored === undefined) throw invalidParam('No such filter');
  return stored.filter;
}
