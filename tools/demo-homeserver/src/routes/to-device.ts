import type { Device } from '../accounts.ts';
import { jsonBody, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isObject, type JsonObject } from '../json.ts';
import { badJson, MatrixError } from '../matrix-error.ts';
import { once } from './transactions.ts';

/** Messages to devices. */
export const toDeviceRoutes: readonly Route[] = [
  authorised(
    'PUT /sendToDevice/:type/:transactionId',
    (request, { accounts, stream }, { user: { id: sender }, device }) =>
      once(device, request, () => {
        const type = param(request, 'type');
        const { messages } = jsonBody(request);
        if (messages === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', 'Missing params: messages');
        if (!isObject(messages)) throw badJson("'messages' must be an object");
        for (const [userId, byDevice] of Object.entries(messages)) {
          const user = accounts.users.get(userId);
          if (!isObject(byDevice)) throw badJson("'messages' must hold devices");
          for (const [deviceId, content] of Object.entries(byDevice)) {
            if (!isObject(content)) throw badJson("'messages' must hold objects");
            for (const addressee of addressees(user?.devices, deviceId)) {
              const event: JsonObject = { content, type, sender };
              addressee.inbox = [...addressee.inbox, { event, position: stream.advance([userId]) }];
            }
          }
        }
        return {};
      }),
  ),
];

/** `*` stands for every device. Messages to devices that there are not are dropped. */
function addressees(devices: ReadonlyMap<string, Device> | undefined, deviceId: string): Device[] {
  if (devices === undefined) return [];
  if (deviceId === '*') return [...devices.values()];
  const device = devices.get(deviceId);
  return device === undefined ? [] : [device];
}
