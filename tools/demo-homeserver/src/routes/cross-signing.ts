import { isDeepStrictEqual } from 'node:util';
import type { Requester, User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { type ClientRequest, jsonBody } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { CROSS_SIGNING_USAGES, type CrossSigningUsage, publicPart } from '../keys/cross-signing.ts';
import { touchDeviceList } from '../keys/device-lists.ts';
import { type ErrorCode, invalidParam, MatrixError } from '../matrix-error.ts';
import { confirmPassword } from './interactive-auth.ts';

/** Cross-signing. Signatures are kept as they come: it is clients that check them. */
export const crossSigningRoutes: readonly Route[] = [
  authorised('POST /keys/device_signing/upload', uploadKeys),
  authorised('POST /keys/signatures/upload', uploadSignatures),
];

function uploadKeys(request: ClientRequest, homeserver: Homeserver, requester: Requester): Json {
  const { user } = requester;
  const body = jsonBody(request);
  const keys = CROSS_SIGNING_USAGES.flatMap((usage): [CrossSigningUsage, JsonObject][] => {
    const key = body[`${usage}_key`];
    if (key === undefined) return [];
    if (!isObject(key) || publicPart(key) === undefined) throw invalidParam(`Invalid ${usage} key`);
    if (key.user_id !== user.id) throw invalidParam(`Invalid ${usage} key`);
    return [[usage, key]];
  });
  const isNews = keys.some(([usage, key]) => !isDeepStrictEqual(user.crossSigning.get(usage), key));
  if (!isNews) return {};
  // The first keys need no password (MSC3967): there is nothing yet that they could take the place of.
  if (user.crossSigning.has('master')) confirmPassword(homeserver, requester, body);
  else if (body.master_key === undefined) throw new MatrixError(400, 'M_MISSING_PARAM', 'No master key available');
  for (const [usage, key] of keys) user.crossSigning.set(usage, key);
  touchDeviceList(homeserver, user);
  return {};
}

function uploadSignatures(request: ClientRequest, homeserver: Homeserver, { user }: Requester): Json {
  const failures: Record<string, Record<string, JsonObject>> = {};
  for (const [target, objects] of Object.entries(jsonBody(request))) {
    if (!isObject(objects)) throw invalidParam('Invalid parameter');
    for (const [keyId, object] of Object.entries(objects)) {
      if (!isObject(object)) throw invalidParam('Invalid parameter');
      const failure = keepSignatures(homeserver, user, target, keyId, object);
      if (failure !== undefined) failures[target] = { ...failures[target], [keyId]: failure };
    }
  }
  return { failures };
}

/** Keeps the signatures of one key; says why not if not. */
function keepSignatures(
  homeserver: Homeserver,
  user: User,
  target: string,
  keyId: string,
  { signatures }: JsonObject,
): JsonObject | undefined {
  const owner = homeserver.accounts.users.get(target);
  const needed: CrossSigningUsage = target === user.id ? 'self_signing' : 'user_signing';
  if (!user.crossSigning.has(needed)) return failure(404, 'M_NOT_FOUND', `No ${needed} key found for ${user.id}`);
  const master = owner?.crossSigning.get('master');
  if (master === undefined || owner === undefined)
    return failure(404, 'M_NOT_FOUND', `No master key found for ${target}`);
  const isDevice = target === user.id && owner.devices.get(keyId)?.keys.identity !== undefined;
  if (!isDevice && publicPart(master) !== keyId) return failure(404, 'M_NOT_FOUND', 'Unknown device');
  const made = isObject(signatures) ? signatures[user.id] : undefined;
  if (!isObject(made)) return failure(400, 'M_INVALID_SIGNATURE', 'Invalid signature');
  if (target === user.id) touchDeviceList(homeserver, user);
  else homeserver.accounts.keysPosition = homeserver.stream.advance([user.id]);
  const position = homeserver.accounts.keysPosition;
  for (const [by, signature] of Object.entries(made)) user.signatures.push({ target, keyId, by, signature, position });
  return undefined;
}

function failure(status: number, errcode: ErrorCode, message: string): JsonObject {
  return { status, errcode, message };
}
