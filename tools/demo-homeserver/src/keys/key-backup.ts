import type { Json, JsonObject } from '../json.ts';

/** A version of a user's key backup. */
export interface KeyBackup {
  readonly version: string;
  readonly algorithm: string;
  authData: JsonObject;
  /** Counts the changes. */
  etag: number;
  /** Room id -> session id -> the key, encrypted. */
  readonly rooms: Map<string, Map<string, JsonObject>>;
}

/** A backup with nothing in it. */
export function createBackup(version: number, algorithm: string, authData: JsonObject): KeyBackup {
  return { version: String(version), algorithm, authData, etag: 0, rooms: new Map() };
}

/** Keys that are kept. */
function countKeys({ rooms }: KeyBackup): number {
  return [...rooms.values()].reduce((count, sessions) => count + sessions.size, 0);
}

/** `{ etag, count }`: what every change answers. */
export function backupState(backup: KeyBackup): JsonObject {
  return { etag: String(backup.etag), count: countKeys(backup) };
}

/** Keeps a key if it is better than the one that is there. Whether it was kept. */
export function keepKey({ rooms }: KeyBackup, roomId: string, sessionId: string, key: JsonObject): boolean {
  const sessions = rooms.get(roomId) ?? new Map<string, JsonObject>();
  rooms.set(roomId, sessions);
  const current = sessions.get(sessionId);
  if (current !== undefined && !isBetter(key, current)) return false;
  sessions.set(sessionId, key);
  return true;
}

/**
 * The order of the specification: a verified session first, then the one that reaches further back, then the one that was forwarded less
 * often.
 */
function isBetter(key: JsonObject, current: JsonObject): boolean {
  if (key.is_verified !== current.is_verified) return key.is_verified === true;
  const [index, known] = [key, current].map(({ first_message_index: first }) => Number(first));
  if (index !== known) return Number(index) < Number(known);
  return Number(key.forwarded_count) < Number(current.forwarded_count);
}

/** The keys of a room as `{ sessions }`. */
export function roomKeys({ rooms }: KeyBackup, roomId: string): { sessions: Record<string, Json> } {
  return { sessions: Object.fromEntries(rooms.get(roomId) ?? []) };
}
