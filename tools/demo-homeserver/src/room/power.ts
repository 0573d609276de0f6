import { isObject, type Json, type JsonObject } from '../json.ts';
import { type Room, stateOf } from './room.ts';

/** What needs power besides sending events. */
export type PoweredAction = 'invite' | 'kick' | 'ban' | 'redact';

/** The defaults of `m.room.power_levels` where the event exists but a field does not. */
const DEFAULTS = { invite: 0, kick: 50, ban: 50, redact: 50, state_default: 50, events_default: 0, users_default: 0 };

/** The content of a room's power levels; `undefined` before they are set. */
function levels(room: Room): JsonObject | undefined {
  return stateOf(room, 'm.room.power_levels')?.content;
}

/** A user's power. Before levels are set the creator has 100 and everybody else nothing. */
export function powerOf(room: Room, userId: string): number {
  const content = levels(room);
  if (content === undefined) return stateOf(room, 'm.room.create')?.sender === userId ? 100 : 0;
  return entry(content.users, userId) ?? level(content, 'users_default');
}

/** The power that an action needs. */
export function powerFor(room: Room, action: PoweredAction): number {
  return level(levels(room), action);
}

/** The power that sending an event needs. Before levels are set that is none. */
export function powerToSend(room: Room, type: string, isState: boolean): number {
  const content = levels(room);
  if (content === undefined) return 0;
  return entry(content.events, type) ?? level(content, isState ? 'state_default' : 'events_default');
}

/**
 * Whether somebody may put new power levels in place of the room's: they may change only what is not above them, give nothing above
 * them, and take no power from others who have as much as they do.
 */
export function maySetPowerLevels(room: Room, userId: string, after: JsonObject): boolean {
  const before = levels(room);
  if (before === undefined) return true;
  const own = powerOf(room, userId);
  const changes = (
    a: Json | undefined,
    b: Json | undefined,
  ): (readonly [string, number | undefined, number | undefined])[] => {
    const names = new Set([...Object.keys(isObject(a) ? a : {}), ...Object.keys(isObject(b) ? b : {})]);
    return [...names].map((name) => [name, entry(a, name), entry(b, name)] as const).filter(([, x, y]) => x !== y);
  };
  const within = (value: number | undefined): boolean => value === undefined || value <= own;
  const top = Object.keys(DEFAULTS).map((name) => [entry(before, name), entry(after, name)] as const);
  return (
    top.every(([a, b]) => a === b || (within(a) && within(b))) &&
    changes(before.events, after.events).every(([, a, b]) => within(a) && within(b)) &&
    changes(before.users, after.users).every(
      ([name, a, b]) => within(b) && (name === userId || a === undefined || a < own),
    )
  );
}

function level(content: JsonObject | undefined, name: keyof typeof DEFAULTS): number {
  return entry(content, name) ?? DEFAULTS[name];
}

function entry(object: Json | undefined, name: string): number | undefined {
  if (!isObject(object) || !Object.hasOwn(object, name)) return undefined;
  const value = object[name];
  return typeof value === 'number' ? value : undefined;
}
