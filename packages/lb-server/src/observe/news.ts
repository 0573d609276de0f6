import type { Cursor, Subject } from './subject.ts';

/**
 * What homeservers repeat in every answer, changed or not: counts of keys, and the lists of sliding sync; by name, as text
 * that is the same for the same content.
 */
export type Counts = Readonly<Record<string, string>>;

/** What an answer of /sync or sliding sync says, as far as it decides about pushing it. */
export interface SyncAnswer {
  /** Where to go on. */
  readonly cursor: Cursor & { readonly position: string };
  readonly counts: Counts;
  /** It has something to say besides its cursor and its counts. */
  readonly content: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** Of /sync, and of the e2ee extension of sliding sync. */
const COUNTS = [
  'device_one_time_keys_count',
  'device_unused_fallback_key_types',
  'org.matrix.msc2732.device_unused_fallback_key_types',
] as const;

/** Reads an answer; `undefined` for what is none. */
export function readAnswer(kind: Subject['kind'], body: Uint8Array): SyncAnswer | undefined {
  const answer = parse(body);
  if (answer === undefined) return undefined;
  return kind === 'sync' ? readSync(answer) : readSlidingSync(answer);
}

/** Whether an answer tells a client something that was not delivered to it. */
export function isNews({ content, counts }: Pick<SyncAnswer, 'content' | 'counts'>, delivered: Counts): boolean {
  // What was never there and is empty says nothing; what becomes empty does.
  return content || Object.entries(counts).some(([name, count]) => count !== (delivered[name] ?? '[]'));
}

function readSync(answer: Json): SyncAnswer | undefined {
  const { next_batch: position, ...rest } = answer;
  if (!isPosition(position)) return undefined;
  const { counts, others } = takeCounts(rest);
  return { cursor: { position }, counts, content: !isEmpty(others) };
}

function readSlidingSync(answer: Json): SyncAnswer | undefined {
  const { pos: position, lists, extensions, ...rest } = answer;
  if (!isPosition(position)) return undefined;
  const { e2ee, to_device, ...otherExtensions } = asObject(extensions);
  const { next_batch: toDevice, ...toDeviceRest } = asObject(to_device);
  const keys = takeCounts(asObject(e2ee));
  return {
    cursor: { position, toDevice: typeof toDevice === 'string' ? toDevice : undefined },
    counts: { ...keys.counts, ...listCounts(asObject(lists)) },
    content: !isEmpty([rest, keys.others, toDeviceRest, otherExtensions]),
  };
}

/** Text that can stand in a query: half of a surrogate pair cannot. */
function isPosition(value: unknown): value is string {
  return typeof value === 'string' && !/\p{Surrogate}/u.test(value);
}

interface Parted {
  readonly counts: Counts;
  readonly others: Json;
}

function takeCounts(object: Json): Parted {
  const counts: Record<string, string> = {};
  const others: Record<string, unknown> = { ...object };
  for (const name of COUNTS) {
    if (others[name] === undefined) continue;
    counts[name] = sorted(others[name]);
    delete others[name];
  }
  return { counts, others };
}

/** Each list says how many rooms it has, and Synapse, in the old form, which ones are in the window. */
function listCounts(lists: Json): Counts {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [`list ${name}`, JSON.stringify(list)]));
}

/** JSON of a flat object or array, whatever the order of its members; `[]` for an empty one. */
function sorted(value: unknown): string {
  const members = Array.isArray(value) ? value : Object.entries(asObject(value));
  return JSON.stringify(members.map((member) => JSON.stringify(member)).sort());
}

/** Nothing but empty objects and arrays, and null. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function parse(body: Uint8Array): Json | undefined {
  try {
    return asObject(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return undefined;
  }
}
