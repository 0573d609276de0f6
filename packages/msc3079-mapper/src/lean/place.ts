import { keyNames } from '../key-names.ts';

/** What stands where in an answer of /sync or sliding sync. */
export type Place =
  /** The answer, and the maps in it that always have about the same members. */
  | 'answer'
  | 'extensions'
  | 'extension'
  | 'record'
  /** Maps with a member for each room, or for each membership with such a map. */
  | 'rooms'
  | 'membership'
  | 'mentions'
  /** One room, its timeline where that is a map, and events in an array. */
  | 'room'
  | 'timeline'
  | 'events'
  /** `next_batch` or `pos`. */
  | 'position'
  /** Other tokens: `prev_batch`. */
  | 'token'
  /** Arrays of what is new. */
  | 'news';

const nameOf = keyNames([
  'next_batch',
  'pos',
  'prev_batch',
  'rooms',
  'join',
  'invite',
  'leave',
  'knock',
  'extensions',
  'timeline',
  'events',
  'changed',
  'left',
  'global',
  'required_state',
]);

/** The place of a member, by its key, of what stands at `parent`. */
export function placeOf(parent: Place, key: string): Place {
  const name = nameOf(key);
  switch (parent) {
    case 'answer':
      if (name === 'next_batch' || name === 'pos') return 'position';
      if (name === 'rooms' || name === 'extensions') return name;
      return 'record';
    case 'rooms':
      return name !== undefined && MEMBERSHIPS.includes(name) ? 'membership' : 'room';
    case 'membership':
      return 'room';
    case 'room':
      if (name === 'prev_batch') return 'token';
      return name === 'timeline' ? name : record(name);
    case 'timeline':
      if (name === 'prev_batch') return 'token';
      return name === 'events' ? name : 'record';
    case 'extensions':
      return 'extension';
    case 'extension':
      return name === 'rooms' ? 'mentions' : record(name);
    case 'mentions':
      return 'record';
    default:
      return record(name);
  }
}

/** Whether a map has a member for whatever is new, so that nothing can be left out of it as unchanged. */
export function isListing(place: Place): boolean {
  return place === 'rooms' || place === 'membership' || place === 'mentions';
}

function record(name: string | undefined): Place {
  return name !== undefined && NEWS.includes(name) ? 'news' : 'record';
}

const MEMBERSHIPS: readonly string[] = ['join', 'invite', 'leave', 'knock'];
const NEWS: readonly string[] = ['events', 'changed', 'left', 'global', 'required_state'];
