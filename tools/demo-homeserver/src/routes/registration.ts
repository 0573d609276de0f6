import { createUser, logIn } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody } from '../http/client-request.ts';
import { open, type Route } from '../http/route.ts';
import { isLocalpart, opaqueId } from '../ids.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { invalidParam, MatrixError, Refusal } from '../matrix-error.ts';

/** Registrations that may wait for their last stage; the oldest goes first. */
const MAX_REGISTRATIONS = 100;

/** `POST /register`. */
export const registrationRoutes: readonly Route[] = [open('POST /register', register)];

function register(request: ClientRequest, homeserver: Homeserver): Json {
  const { accounts, serverName } = homeserver;
  const sent = jsonBody(request);
  if (request.query.get('kind') === 'guest') throw new MatrixError(403, 'M_UNKNOWN', 'Guest access is disabled');
  const wanted = stringOf(sent, 'username')?.toLowerCase();
  stringOf(sent, 'password');
  if (wanted !== undefined) checkUsername(homeserver, wanted);

  const body = { ...finishedStage(homeserver, sent), ...sent };
  const password = stringOf(body, 'password');
  if (password === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', 'Missing params: password');
  const localpart = stringOf(body, 'username')?.toLowerCase() ?? freeLocalpart(homeserver);
  checkUsername(homeserver, localpart);
  const device = {
    deviceId: stringOf(body, 'device_id'),
    displayName: stringOf(body, 'initial_device_display_name'),
  };
  const user = createUser(accounts, localpart, password);
  const common = { user_id: user.id, home_server: serverName };
  if (body.inhibit_login === true) return common;
  const { deviceId, accessToken } = logIn(accounts, user, device);
  return { ...common, access_token: accessToken, device_id: deviceId };
}

/**
 * User-interactive authentication with the one stage `m.login.dummy`: gives the body that started the session, which the client need not
 * repeat.
 *
 * @throws Refusal 401 with a session when the stage is still to do
 */
function finishedStage({ registrations }: Homeserver, body: JsonObject): JsonObject {
  const { auth } = body;
  if (auth === undefined) throw startSession(registrations, body);
  if (!isObject(auth)) throw invalidParam("'auth' must be an object");
  const { type, session } = auth;
  const started = typeof session === 'string' ? registrations.get(session) : undefined;
  if (session !== undefined && started === undefined) {
    throw new MatrixError(400, 'M_UNKNOWN', `Unknown session ID: ${String(session)}`);
  }
  if (type !== 'm.login.dummy') throw invalidParam('Invalid login submission');
  if (typeof session === 'string') registrations.delete(session);
  return started ?? {};
}

function startSession(registrations: Map<string, JsonObject>, body: JsonObject): Refusal {
  const session = opaqueId();
  const [oldest] = registrations.keys();
  if (oldest !== undefined && registrations.size >= MAX_REGISTRATIONS) registrations.delete(oldest);
  registrations.set(session, body);
  return new Refusal(401, { session, flows: [{ stages: ['m.login.dummy'] }], params: {} });
}

function checkUsername({ accounts, serverName }: Homeserver, localpart: string): void {
  if (!isLocalpart(localpart)) {
    throw new MatrixError(400, 'M_INVALID_USERNAME', "User ID can only contain characters a-z, 0-9, or '=_-./+'");
  }
  const userId = `@${localpart}:${serverName}`;
  if (userId.length > 255) throw new MatrixError(400, 'M_INVALID_USERNAME', 'User ID is longer than 255 characters');
  if (accounts.users.has(userId)) throw new MatrixError(400, 'M_USER_IN_USE', 'User ID already taken.');
}

function freeLocalpart({ accounts, serverName }: Homeserver): string {
  let number = accounts.users.size + 1;
  while (accounts.users.has(`@${number}:${serverName}`)) number += 1;
  return String(number);
}

function stringOf(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || (typeof value === 'string' && value.length <= 512)) return value;
  throw new MatrixError(400, 'M_UNKNOWN', `Invalid ${name}`);
}
