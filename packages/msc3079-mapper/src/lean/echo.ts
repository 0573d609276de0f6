import { decodeValue, encodeJson, encodeValue, type JsonValue } from '@lb-matrix/lb-cbor-keys';
import { type BodyForm, keyBytes } from '../body-form.ts';
import { concat, sameBytes } from '../bytes.ts';
import { isObject, parseJson } from '../json-body.ts';
import type { Echoes } from './echoes.ts';
import { bytesOfKey, head, Mark, readArray, readItem, writeArray } from './item.ts';
import type { Author } from './sync-reference.ts';

/** What it takes to write echoes, and to read them. */
export interface EchoContext {
  readonly form: BodyForm;
  readonly echoes: Echoes;
  /** What echoes may leave out. */
  readonly before: Author;
}

/** An echo in short, and what the next one may leave out. */
export interface Echo {
  readonly bytes: Uint8Array;
  readonly author: Author;
}

/** What an event has that its sender does not know by himself. */
interface Arrival {
  /** Transaction id. */
  readonly transaction: string;
  readonly time: number;
  readonly age: number;
  readonly id: string;
  /** CBOR. */
  readonly sender: Uint8Array;
}

/**
 * The echo of an event in `room` that this connection has sent: transaction id, time less that of the last echo, age; then the
 * event's id unless the client has been told, or null; then the sender unless it is that of the last echo. `undefined` for an event
 * that is not, byte for byte, what is made of this.
 */
export function shortEcho(event: Uint8Array, room: string, context: EchoContext): Echo | undefined {
  const { form, echoes, before } = context;
  const arrival = arrivalOf(event, form);
  const sent = arrival && echoes.find(room, arrival.transaction);
  if (sent === undefined) return undefined;
  const whole = wholeEvent(arrival!, sent, form);
  if (whole === undefined || !sameBytes(whole, event)) return undefined;
  const { transaction, time, age, id, sender } = arrival!;
  const isKnownSender = before.sender !== undefined && sameBytes(sender, before.sender);
  const { base64 } = form;
  const items = [transaction, time - before.time, age].map((value) => encodeValue(value, { base64 }));
  if (sent.id !== id) items.push(encodeValue(id, { base64 }));
  else if (!isKnownSender) items.push(NULL);
  if (!isKnownSender) items.push(sender);
  return { bytes: concat([Uint8Array.of(Mark.Echo), writeArray(items)]), author: { sender: sender.slice(), time } };
}

/** The event that an echo means. Throws `RangeError` for what this end does not know, or not yet. */
export function wholeEcho(short: Uint8Array, room: string, { form, echoes, before }: EchoContext): Echo {
  const items = readArray(short.subarray(1)) ?? [];
  const { base64 } = form;
  const [transaction, since, age, named = null] = items.slice(0, 4).map((item) => decodeValue(item, { base64 }));
  const sender = items[4] ?? before.sender;
  const isEcho = typeof transaction === 'string' && typeof since === 'number' && typeof age === 'number';
  if (!isEcho || sender === undefined || items.length > 5) throw new RangeError('no echo');
  const sent = echoes.find(room, transaction);
  const id = named ?? sent?.id;
  if (sent === undefined || typeof id !== 'string') throw new RangeError('the echo of what is not known');
  const time = before.time + since;
  const event = wholeEvent({ transaction, time, age, id, sender }, sent, form);
  if (event === undefined) throw new RangeError('the echo of no object');
  return { bytes: event, author: { sender: sender.slice(), time } };
}

const NULL = Uint8Array.of(0xf6);
/** The longest id that is looked at, in bytes of CBOR. */
const MAX_VALUE = 300;

/** Reads what an echo says; `undefined` for an event that is none. */
function arrivalOf(event: Uint8Array, form: BodyForm): Arrival | undefined {
  const members = membersOf(event);
  const unsigned = membersOf(members?.get(keyBytes('unsigned', form)));
  const value = (bytes: Uint8Array | undefined): JsonValue | undefined =>
    bytes === undefined || bytes.length > MAX_VALUE ? undefined : decodeValue(bytes, form);
  const transaction = value(unsigned?.get(keyBytes('transaction_id', form)));
  if (typeof transaction !== 'string') return undefined;
  const age = value(unsigned?.get(keyBytes('age', form)));
  const time = value(members?.get(keyBytes('origin_server_ts', form)));
  const id = value(members?.get(keyBytes('event_id', form)));
  const sender = members?.get(keyBytes('sender', form));
  const isWhole = Number.isSafeInteger(time) && Number.isSafeInteger(age) && typeof id === 'string';
  if (!isWhole || sender === undefined || sender.length > MAX_VALUE) return undefined;
  return { transaction, time: time as number, age: age as number, id, sender };
}

/** The bytes of the members of a map. */
function membersOf(map: Uint8Array | undefined): Map<string, Uint8Array> | undefined {
  if (map === undefined || map[0]! >> 5 !== 5) return undefined;
  const item = readItem(map, 1);
  if (item instanceof Uint8Array) return undefined;
  return new Map(item.members.map(({ key, value }) => [key, value as Uint8Array]));
}

/** The event as a homeserver gives it to whom it is from: all names in order, as in canonical JSON. */
function wholeEvent(
  { transaction, time, age, id, sender }: Arrival,
  { type, body }: { readonly type: string; readonly body: Uint8Array },
  form: BodyForm,
): Uint8Array | undefined {
  const content = inOrder(parseJson(body));
  if (!isObject(content)) return undefined;
  const text = (value: JsonValue): Uint8Array => encodeValue(value, { base64: form.base64 });
  const unsigned = map(form, [
    ['age', text(age)],
    ['membership', text('join')],
    ['transaction_id', text(transaction)],
  ]);
  return map(form, [
    ['content', encodeJson(JSON.stringify(content), form)],
    ['event_id', text(id)],
    ['origin_server_ts', text(time)],
    ['sender', sender],
    ['type', text(type)],
    ['unsigned', unsigned],
  ]);
}

function map(form: BodyForm, members: readonly (readonly [name: string, value: Uint8Array])[]): Uint8Array {
  return concat([
    head(5, members.length),
    ...members.flatMap(([name, value]) => [bytesOfKey(keyBytes(name, form)), value]),
  ]);
}

/** The same value with the names of all objects in order, as homeservers hash and keep it. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, inOrder(member)]));
}
