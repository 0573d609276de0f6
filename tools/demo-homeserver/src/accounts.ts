import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { newDeviceId, opaqueId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { CrossSigningUsage, KeySignature } from './keys/cross-signing.ts';
import { createDeviceKeys, type DeviceKeys } from './keys/device-keys.ts';
import type { KeyBackup } from './keys/key-backup.ts';
import type { SyncFilter } from './sync/filter.ts';
import { createPushRules, type PushRules } from './sync/push-rules.ts';

/** Somebody with an account. */
export interface User {
  readonly id: string;
  readonly localpart: string;
  readonly password: PasswordHash;
  /** `displayname` and `avatar_url`; a field that is not set is absent. */
  readonly profile: Profile;
  readonly devices: Map<string, Device>;
  /** Filters by their id, which is the index. */
  readonly filters: StoredFilter[];
  /** Global account data by type. */
  readonly accountData: Map<string, AccountData>;
  /** Account data of rooms: room id -> type -> data. */
  readonly roomAccountData: Map<string, Map<string, AccountData>>;
  readonly pushRules: PushRules;
  /** Public cross-signing keys as they were uploaded. */
  readonly crossSigning: Map<CrossSigningUsage, JsonObject>;
  /** Signatures that the user made of their own keys and of others'. */
  readonly signatures: KeySignature[];
  /** Stream position of the latest change to the user's devices and keys; 0 before the first. */
  deviceListPosition: number;
  /** Every version of the key backup; one that was deleted leaves a hole, so that no version comes twice. */
  readonly backups: (KeyBackup | undefined)[];
}

/** What a user shows of themselves. */
export interface Profile {
  displayname?: string;
  avatar_url?: string;
}

/** A login of a user. */
export interface Device {
  readonly id: string;
  displayName: string | undefined;
  /** Digest of the access token: the key in the table of tokens. */
  tokenDigest: string;
  /** When and from where the token was last used. */
  lastSeen: { readonly ts: number; readonly ip: string } | undefined;
  /** Answers to transactions, oldest first. */
  readonly transactions: Map<string, JsonObject>;
  readonly keys: DeviceKeys;
  /** To-device messages that no `/sync` has acknowledged yet, oldest first. */
  inbox: readonly ToDeviceMessage[];
}

/** A message to one device. */
interface ToDeviceMessage {
  readonly event: JsonObject;
  /** Stream position. */
  readonly position: number;
}

/** A piece of account data and the stream position of its latest change. */
export interface AccountData {
  readonly content: JsonObject;
  readonly position: number;
}

/** A filter as it was sent, and as it is used. */
interface StoredFilter {
  readonly json: JsonObject;
  readonly filter: SyncFilter;
}

/** Whose request it is. */
export interface Requester {
  readonly user: User;
  readonly device: Device;
}

interface PasswordHash {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** Cheap for a password hash, as nothing of it is ever written down. */
const SCRYPT = { N: 1024 } as const;

/** All accounts, and who holds which access token. */
export interface Accounts {
  readonly serverName: string;
  /** By user id. */
  readonly users: Map<string, User>;
  /** By digest of the access token, so that neither a lookup's time nor a memory dump tells a token. */
  readonly tokens: Map<string, Requester>;
  /** Stream position of the latest change to anybody's devices, keys or signatures; 0 before the first. */
  keysPosition: number;
}

/** No accounts yet. */
export function createAccounts(serverName: string): Accounts {
  return { serverName, users: new Map(), tokens: new Map(), keysPosition: 0 };
}

/** Makes an account; the name must be free. */
export function createUser(accounts: Accounts, localpart: string, password: string): User {
  const salt = randomBytes(16);
  const id = `@${localpart}:${accounts.serverName}`;
  const user: User = {
    id,
    localpart,
    password: { salt, hash: scryptSync(password, salt, 32, SCRYPT) },
    profile: { displayname: localpart },
    devices: new Map(),
    filters: [],
    accountData: new Map(),
    roomAccountData: new Map(),
    pushRules: createPushRules({ id, localpart }),
    crossSigning: new Map(),
    signatures: [],
    deviceListPosition: 0,
    backups: [],
  };
  accounts.users.set(user.id, user);
  return user;
}

/** Whether a password is the user's. */
export function checkPassword({ password: { salt, hash } }: User, password: string): boolean {
  return timingSafeEqual(scryptSync(password, salt, hash.length, SCRYPT), hash);
}

/** A login: the device and its new access token. A device that exists keeps its name, and its former token ends. */
export function logIn(
  accounts: Accounts,
  user: User,
  { deviceId = newDeviceId(), displayName }: { deviceId?: string | undefined; displayName?: string | undefined },
): { readonly deviceId: string; readonly accessToken: string } {
  const accessToken = opaqueId();
  const tokenDigest = digest(accessToken);
  const known = user.devices.get(deviceId);
  if (known !== undefined) accounts.tokens.delete(known.tokenDigest);
  const device: Device = known ?? {
    id: deviceId,
    displayName,
    tokenDigest,
    lastSeen: undefined,
    transactions: new Map(),
    keys: createDeviceKeys(),
    inbox: [],
  };
  device.tokenDigest = tokenDigest;
  user.devices.set(deviceId, device);
  accounts.tokens.set(tokenDigest, { user, device });
  return { deviceId, accessToken };
}

/** Ends a login. */
export function logOut(accounts: Accounts, { user, device }: Requester): void {
  accounts.tokens.delete(device.tokenDigest);
  user.devices.delete(device.id);
}

/** Who holds an access token. */
export function findRequester(accounts: Accounts, accessToken: string): Requester | undefined {
  return accounts.tokens.get(digest(accessToken));
}

function digest(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64');
}
