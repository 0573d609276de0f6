import { checkPassword, logIn, logOut, type User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody } from '../http/client-request.ts';
import { authorised, open, type Route } from '../http/route.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { touchDeviceList } from '../keys/device-lists.ts';
import { forbidden, invalidParam, MatrixError } from '../matrix-error.ts';

/** Logging in and out. */
export const loginRoutes: readonly Route[] = [
  open('GET /login', () => ({ flows: [{ type: 'm.login.password' }] })),
  open('POST /login', login),
  authorised('POST /logout', (_request, homeserver, requester) => {
    logOut(homeserver.accounts, requester);
    touchDeviceList(homeserver, requester.user);
    return {};
  }),
  authorised('POST /logout/all', (_request, homeserver, { user }) => {
    for (const device of user.devices.values()) logOut(homeserver.accounts, { user, device });
    touchDeviceList(homeserver, user);
    return {};
  }),
  authorised('GET /account/whoami', (_request, _homeserver, { user, device }) => ({
    user_id: user.id,
    is_guest: false,
    device_id: device.id,
  })),
];

function login(request: ClientRequest, homeserver: Homeserver): Json {
  const { accounts, serverName, baseUrl } = homeserver;
  const body = jsonBody(request);
  if (body.type === undefined) throw new MatrixError(400, 'M_UNKNOWN', 'Missing JSON keys.');
  if (body.type !== 'm.login.password') throw invalidParam('Invalid login submission');
  const name = userNameOf(body);
  const { password, device_id: deviceId, initial_device_display_name: displayName } = body;
  if (typeof password !== 'string') throw invalidParam('Bad parameter: password');
  if (deviceId !== undefined && typeof deviceId !== 'string') throw invalidParam('Bad parameter: device_id');
  if (displayName !== undefined && typeof displayName !== 'string') {
    throw invalidParam('Bad parameter: initial_device_display_name');
  }
  const user = findUser(accounts.users, name.startsWith('@') ? name : `@${name}:${serverName}`);
  if (user === undefined || !checkPassword(user, password)) throw forbidden('Invalid username or password');
  const isNew = deviceId === undefined || !user.devices.has(deviceId);
  const device = logIn(accounts, user, { deviceId, displayName });
  if (isNew) touchDeviceList(homeserver, user);
  return {
    user_id: user.id,
    access_token: device.accessToken,
    home_server: serverName,
    device_id: device.deviceId,
    well_known: { 'm.homeserver': { base_url: `${baseUrl}/` } },
  };
}

/** An identifier of type `m.id.user`, or the older field `user`. */
function userNameOf({ identifier, user }: JsonObject): string {
  if (typeof user === 'string') return user;
  if (!isObject(identifier)) throw invalidParam('Invalid login submission');
  if (identifier.type !== 'm.id.user') throw new MatrixError(400, 'M_UNKNOWN', 'Unknown login identifier type');
  if (typeof identifier.user !== 'string') throw invalidParam('User identifier is missing');
  return identifier.user;
}

function findUser(users: ReadonlyMap<string, User>, userId: string): User | undefined {
  return users.get(userId) ?? users.get(userId.toLowerCase());
}
