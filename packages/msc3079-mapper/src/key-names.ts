import { encodeValue, keyTable } from '@lb-matrix/lb-cbor-keys';
import { latin1 } from './cbor-walk.ts';

/** Finds the name that a key stands for, by its bytes as a string; `undefined` for a name that is not among those looked for. */
export type NameOf = (key: string) => string | undefined;

const TABLES = [keyTable(1), keyTable(2)];

/** Makes it. A name is known in every form of keys: as text, as bytes of base64 and by the integers of both tables. */
export function keyNames(names: readonly string[]): NameOf {
  const known = new Map<string, string>();
  for (const name of names) {
    const integers = TABLES.flatMap(({ integers }) => integers.get(name) ?? []);
    for (const key of [name, ...integers]) {
      for (const base64 of [false, true]) known.set(latin1(encodeValue(key, { base64 })), name);
    }
  }
  return (key) => known.get(key);
}
