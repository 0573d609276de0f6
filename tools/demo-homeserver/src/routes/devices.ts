import type { Device, Requester, User } from '../accounts.ts';
import { type ClientRequest, jsonBody, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import type { JsonObject } from '../json.ts';
import { invalidParam, notFound } from '../matrix-error.ts';

/** A user's own devices. */
export const deviceRoutes: readonly Route[] = [
  authorised('GET /devices', (_request, _homeserver, { user }) => ({
    devices: [...user.devices.values()].map((device) => toJson(user, device)),
  })),
  authorised('GET /devices/:deviceId', (request, _homeserver, requester) =>
    toJson(requester.user, findDevice(request, requester)),
  ),
  authorised('PUT /devices/:deviceId', (request, _homeserver, requester) => {
    const device = findDevice(request, requester);
    const { display_name: displayName } = jsonBody(request);
    if (displayName !== undefined && typeof displayName !== 'string') throw invalidParam('Bad parameter: display_name');
    device.displayName = displayName ?? device.displayName;
    return {};
  }),
];

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
