import { isDeepStrictEqual } from 'node:util';
import type { Requester, User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isObject, isStringArray, type Json, type JsonObject } from '../json.ts';
import { type CROSS_SIGNING_USAGES, publicPart, withSignatures } from '../keys/cross-signing.ts';
import { claimKey, oneTimeKeyCounts, setFallbackKey } from '../keys/device-keys.ts';
import { deviceListChanges, touchDeviceList } from '../keys/device-lists.ts';
import { badJson, MatrixError } from '../matrix-error.ts';
import { parseToken } from '../stream.ts';

/** The public keys of devices. */
export const keyRoutes: readonly Route[] = [
  authorised('POST /keys/upload', upload),
  authorised('POST /keys/query', query),
  authorised('POST /keys/claim', claim),
  authorised('GET /keys/changes', ({ query: params }, homeserver, { user }) => {
    const position = (name: string): number => {
      const token = params.get(name);
      if (token === null)
        throw new MatrixError(400, 'M_MISSING_PARAM', `Missing required string query parameter ${name}`);
      return parseToken(token, name, homeserver.stream);
    };
    const span = { since: position('from'), until: homeserver.stream.position, fullState: false };
    return { ...deviceListChanges(homeserver, user, span) };
  }),
];

function upload(request: ClientRequest, homeserver: Homeserver, { user, device }: Requester): Json {
  const body = jsonBody(request);
  const { device_keys: identity } = body;
  const oneTime = namedKeys(body, 'one_time_keys');
  const fallback = namedKeys(body, 'fallback_keys');
  if (identity !== undefined) {
    if (!isObject(identity)) throw badJson("'device_keys' must be an object");
    if (identity.user_id !== user.id) throw badJson("'user_id' of 'device_keys' is not the user's");
    if (identity.device_id !== device.id) throw badJson("'device_id' of 'device_keys' is not the device's");
  }
  const taken = oneTime.find(([id, key]) => {
    const known = device.keys.oneTime.get(id);
    return known !== undefined && !isDeepStrictEqual(known, key);
  });
  if (taken !== undefined) throw new MatrixError(400, 'M_UNKNOWN', `One time key ${taken[0]} already exists.`);
  for (const [id, key] of oneTime) device.keys.oneTime.set(id, key);
  for (const [id, key] of fallback) setFallbackKey(device.keys, id, key);
  if (identity !== undefined && !isDeepStrictEqual(identity, device.keys.identity)) {
    device.keys.identity = identity;
    touchDeviceList(homeserver, user);
  }
  return { one_time_key_counts: oneTimeKeyCounts(device.keys) };
}

/** Keys by `algorithm:id`. */
function namedKeys(body: JsonObject, name: string): [string, Json][] {
  const keys = body[name] ?? {};
  if (!isObject(keys)) throw badJson(`'${name}' must be an object`);
  const wrong = Object.keys(keys).find((id) => id.split(':').length !== 2);
  if (wrong !== undefined) throw badJson(`Invalid ${name} key ${wrong}`);
  return Object.entries(keys);
}

function query(request: ClientRequest, { accounts }: Homeserver, { user: viewer }: Requester): Json {
  const { device_keys: wanted } = jsonBody(request);
  if (!isObject(wanted)) throw badJson("'device_keys' must be an object");
  const found = Object.entries(wanted).map(([userId, deviceIds]) => {
    if (!isStringArray(deviceIds)) throw badJson("'device_keys' must hold lists of device ids");
    return { userId, user: accounts.users.get(userId), deviceIds };
  });
  const users = found.flatMap(({ user }) => user ?? []);
  const usage = (name: (typeof CROSS_SIGNING_USAGES)[number]): JsonObject =>
    Object.fromEntries(
      users.flatMap((user) => {
        const key = user.crossSigning.get(name);
        return key === undefined ? [] : [[user.id, signedBy(key, user, viewer, publicPart(key))]];
      }),
    );
  const own = viewer.crossSigning.get('user_signing');
  return {
    device_keys: Object.fromEntries(
      found.map(({ userId, user, deviceIds }) => [userId, user === undefined ? {} : devicesOf(user, deviceIds)]),
    ),
    failures: {},
    master_keys: usage('master'),
    self_signing_keys: usage('self_signing'),
    // Whom somebody has verified is nobody else's business.
    user_signing_keys: users.includes(viewer) && own !== undefined ? { [viewer.id]: own } : {},
  };
}

function devicesOf(user: User, deviceIds: readonly string[]): JsonObject {
  return Object.fromEntries(
    [...user.devices.values()].flatMap(({ id, keys, displayName }) => {
      const isWanted = deviceIds.length === 0 || deviceIds.includes(id);
      if (!isWanted || keys.identity === undefined) return [];
      const unsigned = displayName === undefined ? {} : { device_display_name: displayName };
      return [[id, { ...signedBy(keys.identity, user, user, id), unsigned }]];
    }),
  );
}

/** A key of a user with the signatures that they and the viewer added. */
function signedBy(key: JsonObject, owner: User, viewer: User, keyId: string | undefined): JsonObject {
  return [...new Set([owner, viewer])].reduce(
    (signed, { id, signatures }) =>
      withSignatures(
        signed,
        id,
        signatures.filter(({ target }) => target === owner.id),
        keyId,
      ),
    key,
  );
}

function claim(request: ClientRequest, { accounts }: Homeserver): Json {
  const { one_time_keys: wanted } = jsonBody(request);
  if (!isObject(wanted)) throw badJson("'one_time_keys' must be an object");
  const claimed: Record<string, JsonObject> = {};
  for (const [userId, devices] of Object.entries(wanted)) {
    if (!isObject(devices)) throw badJson("'one_time_keys' must hold devices");
    for (const [deviceId, algorithm] of Object.entries(devices)) {
      if (typeof algorithm !== 'string') throw badJson("'one_time_keys' must name algorithms");
      const device = accounts.users.get(userId)?.devices.get(deviceId);
      const key = device && claimKey(device.keys, algorithm);
      if (key !== undefined) claimed[userId] = { ...claimed[userId], [deviceId]: key };
    }
  }
  return { one_time_keys: claimed, failures: {} };
}
