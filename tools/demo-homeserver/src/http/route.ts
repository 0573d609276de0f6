import { findRequester, type Requester } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import type { Json } from '../json.ts';
import { MatrixError } from '../matrix-error.ts';
import type { ClientRequest } from './client-request.ts';

/** Answers a request with the body of a 200. Anything else is thrown as a Refusal. */
export type Handler = (request: ClientRequest, homeserver: Homeserver) => Json | Promise<Json>;

/** A {@link Handler} that knows whose request it is. */
export type AuthorisedHandler = (
  request: ClientRequest,
  homeserver: Homeserver,
  requester: Requester,
) => Json | Promise<Json>;

/** An endpoint. */
export interface Route {
  readonly method: string;
  /** Segments of the path; `:name` stands for a parameter. */
  readonly segments: readonly string[];
  readonly handle: Handler;
}

const PREFIX = '/_matrix/client/v3';

/** Where the newer endpoints are that never had another version. */
export const V1 = '/_matrix/client/v1';

/** An endpoint for anybody. `endpoint` is a method and a path: below `/_matrix/client/v3` unless it names a root of its own. */
export function open(endpoint: string, handle: Handler, root: string = PREFIX): Route {
  const [method = '', path = ''] = endpoint.split(' ');
  return { method, segments: `${root}${path}`.split('/'), handle };
}

/** An endpoint for those who are logged in: others get M_MISSING_TOKEN or M_UNKNOWN_TOKEN. */
export function authorised(endpoint: string, handle: AuthorisedHandler, root: string = PREFIX): Route {
  return open(endpoint, (request, homeserver) => handle(request, homeserver, authenticate(request, homeserver)), root);
}

function authenticate({ accessToken, ip }: ClientRequest, { accounts, clock }: Homeserver): Requester {
  if (accessToken === undefined) throw new MatrixError(401, 'M_MISSING_TOKEN', 'Missing access token');
  const requester = findRequester(accounts, accessToken);
  if (requester === undefined) {
    throw new MatrixError(401, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.', { soft_logout: false });
  }
  requester.device.lastSeen = { ts: clock.now(), ip };
  return requester;
}
