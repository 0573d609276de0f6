import type { User } from '../accounts.ts';
import type { Homeserver } from '../homeserver.ts';
import { isUserId } from '../ids.ts';
import { isArray, isObject, isStringArray, type Json, type JsonObject } from '../json.ts';
import { badJson, invalidParam, MatrixError } from '../matrix-error.ts';
import { discardRoom, openRoom, sendEvent } from '../rooms.ts';
import { changeMembership } from './membership.ts';
import type { Room } from './room.ts';

/** The room version that this server knows. */
export const ROOM_VERSION = '11';

/** What a preset stands for. */
interface Preset {
  readonly joinRule: 'invite' | 'public';
  readonly guestsMayJoin: boolean;
  readonly inviteesHavePower: boolean;
  /** What its power levels have other than the defaults. */
  readonly powerLevels: { readonly invite: number; readonly events: JsonObject };
}

const PRIVATE: Preset = {
  joinRule: 'invite',
  guestsMayJoin: true,
  inviteesHavePower: false,
  powerLevels: { invite: 0, events: {} },
};

const PRESETS: { readonly [name: string]: Preset } = {
  private_chat: PRIVATE,
  trusted_private_chat: { ...PRIVATE, inviteesHavePower: true },
  public_chat: {
    joinRule: 'public',
    guestsMayJoin: false,
    inviteesHavePower: false,
    powerLevels: { invite: 50, events: { 'm.call.invite': 50 } },
  },
};

/** The body of `/createRoom`, checked. */
interface RoomRequest {
  readonly preset: Preset;
  readonly name: string | undefined;
  readonly topic: string | undefined;
  readonly alias: string | undefined;
  readonly invite: readonly string[];
  readonly isDirect: boolean;
  readonly initialState: readonly { readonly type: string; readonly stateKey: string; readonly content: JsonObject }[];
  readonly creationContent: JsonObject;
  readonly powerLevels: JsonObject;
}

/**
 * Makes a room as `POST /createRoom` asks, with the events in the order that the specification lays down.
 *
 * @throws MatrixError when the body is not as it should be, the alias is taken or the events break the rules; no room is left then
 */
export function createRoom(homeserver: Homeserver, creator: User, body: JsonObject): Room {
  const { rooms } = homeserver;
  const request = parseRoomRequest(body, homeserver.serverName);
  if (request.alias !== undefined && rooms.aliases.has(request.alias)) {
    throw new MatrixError(400, 'M_ROOM_IN_USE', 'Room alias already taken');
  }
  const room = openRoom(rooms, homeserver.serverName);
  try {
    sendInitialEvents(homeserver, room, creator, request);
  } catch (error) {
    discardRoom(rooms, room);
    throw error;
  }
  if (request.alias !== undefined) rooms.aliases.set(request.alias, { room, creator: creator.id });
  return room;
}

function sendInitialEvents(homeserver: Homeserver, room: Room, creator: User, request: RoomRequest): void {
  const { preset, name, topic, alias, invite, isDirect, initialState, creationContent, powerLevels } = request;
  const chosen = new Set(initialState.map(({ type, stateKey }) => `${type} ${stateKey}`));
  const send = (type: string, content: JsonObject, stateKey = ''): void => {
    sendEvent(homeserver.rooms, room, { type, stateKey, sender: creator.id, content });
  };
  const sendUnlessChosen = (type: string, content: JsonObject): void => {
    if (!chosen.has(`${type} `)) send(type, content);
  };
  send('m.room.create', { ...creationContent, room_version: ROOM_VERSION });
  changeMembership(homeserver, room, creator, creator.id, 'join');
  const powerful = [creator.id, ...(preset.inviteesHavePower ? invite : [])];
  sendUnlessChosen('m.room.power_levels', { ...defaultPowerLevels(preset, powerful), ...powerLevels });
  if (alias !== undefined) sendUnlessChosen('m.room.canonical_alias', { alias });
  sendUnlessChosen('m.room.join_rules', { join_rule: preset.joinRule });
  sendUnlessChosen('m.room.history_visibility', { history_visibility: 'shared' });
  if (preset.guestsMayJoin) sendUnlessChosen('m.room.guest_access', { guest_access: 'can_join' });
  for (const { type, stateKey, content } of initialState) send(type, content, stateKey);
  if (name !== undefined) send('m.room.name', { name });
  if (topic !== undefined) send('m.room.topic', { topic, 'm.topic': { 'm.text': [{ body: topic }] } });
  for (const userId of invite) {
    changeMembership(homeserver, room, creator, userId, 'invite', isDirect ? { is_direct: true } : {});
  }
}

function defaultPowerLevels({ powerLevels }: Preset, powerful: readonly string[]): JsonObject {
  return {
    users: Object.fromEntries(powerful.map((userId) => [userId, 100])),
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.tombstone': 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
      ...powerLevels.events,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: powerLevels.invite,
    historical: 100,
  };
}

function parseRoomRequest(body: JsonObject, serverName: string): RoomRequest {
  const { room_version: version = ROOM_VERSION, invite = [], initial_state: initialState = [] } = body;
  if (version !== ROOM_VERSION) {
    throw new MatrixError(400, 'M_UNSUPPORTED_ROOM_VERSION', 'Your homeserver does not support this room version');
  }
  const { preset = body.visibility === 'public' ? 'public_chat' : 'private_chat' } = body;
  const known = typeof preset === 'string' && Object.hasOwn(PRESETS, preset) ? PRESETS[preset] : undefined;
  if (known === undefined) throw badJson(`'${String(preset)}' is not a valid preset`);
  if (!isStringArray(invite)) throw badJson("'invite' must be a list of user ids");
  const stranger = invite.find((userId) => !isUserId(userId));
  if (stranger !== undefined) throw new MatrixError(400, 'M_UNKNOWN', `Invalid user_id: ${stranger}`);
  if (!isArray(initialState)) throw badJson("'initial_state' must be a list");
  const localpart = optionalString(body, 'room_alias_name');
  if (localpart !== undefined && /[:#\s]/.test(localpart)) throw invalidParam('Invalid characters in room alias');
  return {
    preset: known,
    name: optionalString(body, 'name'),
    topic: optionalString(body, 'topic'),
    alias: localpart === undefined ? undefined : `#${localpart}:${serverName}`,
    invite: [...new Set(invite)],
    isDirect: body.is_direct === true,
    initialState: initialState.map(parseInitialState),
    creationContent: optionalObject(body, 'creation_content'),
    powerLevels: optionalObject(body, 'power_level_content_override'),
  };
}

function parseInitialState(value: Json): RoomRequest['initialState'][number] {
  if (!isObject(value)) throw badJson("'initial_state' must hold events");
  const { type, state_key: stateKey = '', content } = value;
  if (typeof type !== 'string' || typeof stateKey !== 'string' || !isObject(content)) {
    throw badJson("'initial_state' must hold events with a type and content");
  }
  return { type, stateKey, content };
}

function optionalString(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || typeof value === 'string') return value;
  throw badJson(`'${name}' must be a string`);
}

function optionalObject(body: JsonObject, name: string): JsonObject {
  const value = body[name] ?? {};
  if (isObject(value)) return value;
  throw badJson(`'${name}' must be an object`);
}
