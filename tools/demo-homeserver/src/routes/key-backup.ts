import type { User } from '../accounts.ts';
import { type ClientRequest, jsonBody, param } from '../http/client-request.ts';
import { authorised, type Route } from '../http/route.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { backupState, createBackup, type KeyBackup, keepKey, roomKeys } from '../keys/key-backup.ts';
import { badJson, invalidParam, MatrixError, notFound } from '../matrix-error.ts';

/** Server-side backup of room keys. */
export const keyBackupRoutes: readonly Route[] = [
  authorised('POST /room_keys/version', (request, _homeserver, { user }) => {
    const { algorithm, auth_data: authData } = jsonBody(request);
    if (typeof algorithm !== 'string' || !isObject(authData)) {
      throw badJson("A backup has an 'algorithm' and 'auth_data'");
    }
    const backup = createBackup(user.backups.length + 1, algorithm, authData);
    user.backups.push(backup);
    return { version: backup.version };
  }),
  authorised('GET /room_keys/version', (_request, _homeserver, { user }) => {
    const latest = latestBackup(user);
    if (latest === undefined) throw notFound('No backup found');
    return describe(latest);
  }),
  authorised('GET /room_keys/version/:version', (request, _homeserver, { user }) =>
    describe(findBackup(user, param(request, 'version'))),
  ),
  authorised('PUT /room_keys/version/:version', (request, _homeserver, { user }) => {
    const { algorithm, auth_data: authData, version } = jsonBody(request);
    if (version !== undefined && version !== param(request, 'version')) {
      throw invalidParam('Version in body does not match version in path');
    }
    const backup = findBackup(user, param(request, 'version'));
    if (algorithm !== backup.algorithm) throw invalidParam('Algorithm does not match');
    if (!isObject(authData)) throw badJson("'auth_data' must be an object");
    backup.authData = authData;
    return {};
  }),
  authorised('DELETE /room_keys/version/:version', (request, _homeserver, { user }) => {
    const backup = findBackup(user, param(request, 'version'));
    user.backups[user.backups.indexOf(backup)] = undefined;
    return {};
  }),
  ...['', '/:roomId', '/:roomId/:sessionId'].flatMap((path) => [
    authorised(`PUT /room_keys/keys${path}`, (request, _homeserver, { user }) => put(request, user)),
    authorised(`GET /room_keys/keys${path}`, (request, _homeserver, { user }) => get(request, user)),
    authorised(`DELETE /room_keys/keys${path}`, (request, _homeserver, { user }) => remove(request, user)),
  ]),
];

function describe(backup: KeyBackup): JsonObject {
  const { version, algorithm, authData } = backup;
  return { algorithm, auth_data: authData, version, ...backupState(backup) };
}

function latestBackup({ backups }: User): KeyBackup | undefined {
  return backups.findLast((backup) => backup !== undefined);
}

function findBackup({ backups }: User, version: string): KeyBackup {
  const backup = backups.find((candidate) => candidate?.version === version);
  if (backup === undefined) throw notFound('No backup found');
  return backup;
}

function wantedVersion({ query }: ClientRequest): string {
  const version = query.get('version');
  if (version === null)
    throw new MatrixError(400, 'M_MISSING_PARAM', 'Missing required string query parameter version');
  return version;
}

function put(request: ClientRequest, user: User): Json {
  const keys = [...sentKeys(request)];
  const backup = findBackup(user, wantedVersion(request));
  const current = latestBackup(user);
  if (backup !== current) {
    throw new MatrixError(403, 'M_WRONG_ROOM_KEYS_VERSION', 'Wrong room_keys version', {
      current_version: current?.version ?? null,
    });
  }
  const kept = keys.filter(([roomId, sessionId, key]) => keepKey(backup, roomId, sessionId, key));
  if (kept.length > 0) backup.etag += 1;
  return backupState(backup);
}

/** The keys of a body, which has as many levels as the path leaves open. */
function* sentKeys(request: ClientRequest): Generator<[string, string, JsonObject]> {
  const { roomId, sessionId } = request.params;
  const body = jsonBody(request);
  const rooms = roomId === undefined ? members(body, 'rooms') : [[roomId, body] as const];
  for (const [inRoom, room] of rooms) {
    const sessions = sessionId === undefined ? members(room, 'sessions') : [[sessionId, room] as const];
    for (const [id, key] of sessions) {
      if (!isObject(key) || typeof key.is_verified !== 'boolean') throw invalidParam('is_verified must be a boolean');
      yield [inRoom, id, key];
    }
  }
}

function members(value: Json, name: string): [string, Json][] {
  const found = isObject(value) ? value[name] : undefined;
  if (!isObject(found)) throw badJson(`'${name}' must be an object`);
  return Object.entries(found);
}

function get(request: ClientRequest, user: User): Json {
  const { roomId, sessionId } = request.params;
  const backup = findBackup(user, wantedVersion(request));
  if (roomId === undefined) {
    return { rooms: Object.fromEntries([...backup.rooms.keys()].map((id) => [id, roomKeys(backup, id)])) };
  }
  if (sessionId === undefined) return roomKeys(backup, roomId);
  const key = backup.rooms.get(roomId)?.get(sessionId);
  if (key === undefined) throw notFound('No room_keys found');
  return key;
}

function remove(request: ClientRequest, user: User): Json {
  const { roomId, sessionId } = request.params;
  const backup = findBackup(user, wantedVersion(request));
  if (roomId === undefined) backup.rooms.clear();
  else if (sessionId === undefined) backup.rooms.delete(roomId);
  else backup.rooms.get(roomId)?.delete(sessionId);
  backup.etag += 1;
  return backupState(backup);
}
