import v1 from './tables/v1.json' with { type: 'json' };

/** One version of MSC3079's integer keys (Appendix A is version 1). Versions only ever add keys. */
export interface KeyTable {
  readonly version: number;
  /** Key name to integer. */
  readonly integers: ReadonlyMap<string, number>;
  /** Integer to key name: the same pairs the other way round. */
  readonly names: ReadonlyMap<number, string>;
}

const V1 = fromData(v1);
const TABLES: ReadonlyMap<number, KeyTable> = new Map([[V1.version, V1]]);

/** The table that everything here understands when no other is given. */
export const DEFAULT_TABLE: KeyTable = V1;

/** The table of a version, or `undefined` when this package does not know it. */
export function keyTable(version: 1): KeyTable;
export function keyTable(version: number): KeyTable | undefined;
export function keyTable(version: number): KeyTable | undefined {
  return TABLES.get(version);
}

function fromData({ version, keys }: { version: number; keys: Readonly<Record<string, number>> }): KeyTable {
  const pairs = Object.entries(keys);
  return { version, integers: new Map(pairs), names: new Map(pairs.map(([name, integer]) => [integer, name])) };
}
