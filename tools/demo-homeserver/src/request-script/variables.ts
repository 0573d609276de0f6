import { isArray, isObject, type Json } from '../json.ts';

/** Captured values by name. */
export type Variables = ReadonlyMap<string, string>;

/**
 * Replaces every `{name}` in a text. Braces around anything but a word, as in JSON, stay.
 *
 * @param encode - applied to each value, such as `encodeURIComponent`
 * @throws Error when nothing of that name was captured
 */
export function expand(
  text: string,
  variables: Variables,
  encode: (value: string) => string = (value) => value,
): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) throw new Error(`nothing was captured as ${name}`);
    return encode(value);
  });
}

/** {@link expand} for every string and key of a JSON value. */
export function expandJson(value: Json, variables: Variables): Json {
  return mapStrings(value, (text) => expand(text, variables));
}

/** The reverse of {@link expandJson}: every whole string or key that equals a captured value becomes `{name}` again. */
export function collapseJson(value: Json, variables: Variables): Json {
  const names = new Map([...variables].map(([name, captured]) => [captured, `{${name}}`]));
  return mapStrings(value, (text) => names.get(text) ?? text);
}

function mapStrings(value: Json, map: (text: string) => string): Json {
  if (typeof value === 'string') return map(value);
  if (isArray(value)) return value.map((element) => mapStrings(element, map));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [map(key), mapStrings(member, map)]));
}
