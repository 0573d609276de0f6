import { type Device, logOut, type Requester, type User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody, jsonBodyOrEmpty, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isStringArray, type JsonObject } from '../json.ts';
import { touchDeviceList } from '../keys/device-lists.ts';
import { badJson, invalidParam, notFound } from '../matrix-error.ts';
import { confirmPassword } from './interactive-auth.ts';

/** A user's own devices. */
export const deviceRoutes: readonly Route[] = [
  authorised('GET /devices', (_request, _homeserver, { user }) => ({
    devices: [...user.devices.values()].map((device) => toJson(user, device)),
  })),
  authorised('GET /devices/:deviceId', (request, _homeserver, requester) =>
    toJson(requester.user, findDevice(request, requester)),
  ),
  authorised('PUT /devices/:deviceId', (request, homeserver, requester) => {
    const device = findDevice(request, requester);
    const { display_name: displayName } = jsonBody(request);
    if (displayName !== undefined && typeof displayName !== 'string') throw invalidParam('Bad parameter: display_name');
    device.displayName = displayName ?? device.displayName;
    touchDeviceList(homeserver, requester.user);
    return {};
  }),
  authorised('DELETE /devices/:deviceId', (request, homeserver, requester) => {
    confirmPassword(homeserver, requester, jsonBodyOrEmpty(request));
    removeDevices(homeserver, requester.user, [param(request, 'deviceId')]);
    return {};
  }),
  authorised('POST /delete_devices', (request, homeserver, requester) => {
    const body = jsonBody(request);
    const { devices } = body;
    if (!isStringArray(devices)) throw badJson("'devices' must be a list of device ids");
    confirmPassword(homeserver, requester, body);
    removeDevices(homeserver, requester.user, devices);
    return {};
  }),
];

function removeDevices(homeserver: Homeserver, user: User, deviceIds: readonly string[]): void {
  for (const deviceId of deviceIds) {
    const device = user.devices.get(deviceId);
    if (device !== undefined) logOut(homeserver.accounts, { user, device });
  }
  touchDeviceList(homeserver, user);
}

function findDevice(request: ClientRequest, { user }: Requester): Device {
  const device = user.devices.get(param(request, 'deviceId'));
  if (device === undefined) throw notFound('Not found');
  return device;
}

function toJson({ id }: User, { id: deviceId, displayName, lastSeen }: Device): JsonObject {
  return {
    user_id: id,
    device_id: deviceId,
    display_name: displayName ?? null,
    last_seen_ts: lastSeen?.ts ?? null,
    last_seen_ip: lastSeen?.ip ?? null,
  };
}
