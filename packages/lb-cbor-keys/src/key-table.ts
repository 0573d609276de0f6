import v1 from './tables/v1.json' with { type: 'json' };
import v2 from './tables/v2.json' with { type: 'json' };

/** One version of MSC3079's integer keys (Appendix A is version 1). Versions only ever add keys. */
export interface KeyTable {
  readonly version: number;
  /** Key name to integer, that with the shortest encoding where there are several. */
  readonly integers: ReadonlyMap<string, number>;
  /** Integer to key name; several integers may mean the same name. */
  readonly names: ReadonlyMap<number, string>;
}

const V1 = first(v1);
const TABLES: ReadonlyMap<number, KeyTable> = new Map([V1, append(V1, v2)].map((table) => [table.version, table]));

/** The table that everything here understands when no other is given. */
export const DEFAULT_TABLE: KeyTable = V1;

/**
 * The table of a version, or `undefined` when this package does not know it. Version 2 is version 1 with 392 integers
 * more; it is for peers that are known to have it.
 */
export function keyTable(version: 1 | 2): KeyTable;
export function keyTable(version: number): KeyTable | undefined;
export function keyTable(version: number): KeyTable | undefined {
  return TABLES.get(version);
}

function first({ version, keys }: { version: number; keys: Readonly<Record<string, number>> }): KeyTable {
  const pairs = Object.entries(keys);
  return { version, integers: new Map(pairs), names: new Map(pairs.map(([name, integer]) => [integer, name])) };
}

interface Appendix {
  readonly version: number;
  readonly appended: Readonly<Record<string, string>>;
}

function append(table: KeyTable, { version, appended }: Appendix): KeyTable {
  const integers = new Map(table.integers);
  const names = new Map(table.names);
  for (const [digits, name] of Object.entries(appended)) {
    const integer = Number(digits);
    const known = integers.get(name);
    names.set(integer, name);
    if (known === undefined || argument(integer) < argument(known)) integers.set(name, integer);
  }
  return { version, integers, names };
}

/** The number that stands in the head of an integer (RFC 8949 3.1): the smaller, the shorter. */
function argument(integer: number): number {
  return integer < 0 ? -1 - integer : integer;
}
