import { isArray, isObject, type Json } from '../json.ts';

/**
 * What a pointer finds in a JSON value, or `undefined`. Names are separated by `/` (none of the names in question holds one), a number
 * picks from an array (from the end when negative), `*` maps over an array or an object's values, and `[key=value]` picks the first
 * element of an array whose `key` is the string `value`.
 */
export function resolvePointer(value: Json | undefined, pointer: string): Json | undefined {
  if (pointer === '') return value;
  const [, name = '', rest = ''] = /^\/([^/]*)(.*)$/s.exec(pointer) ?? [];
  if (name === '*') {
    const elements = isArray(value) ? value : isObject(value) ? Object.values(value) : undefined;
    return elements?.map((element) => resolvePointer(element, rest) ?? null);
  }
  return resolvePointer(child(value, name), rest);
}

function child(value: Json | undefined, name: string): Json | undefined {
  if (isObject(value)) return Object.hasOwn(value, name) ? value[name] : undefined;
  if (!isArray(value)) return undefined;
  const [, key, wanted] = /^\[([^=]+)=(.*)\]$/.exec(name) ?? [];
  if (key !== undefined) return value.find((element) => isObject(element) && element[key] === wanted);
  return value.at(Number(name));
}
