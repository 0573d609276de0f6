import type { KeyTable } from './key-table.ts';

const utf8 = new TextEncoder();

/** A key table made ready for work on bytes. */
export interface CompiledTable {
  /** The name of an integer key as it stands in JSON, quotes and colon included. */
  memberName(integer: number): Uint8Array | undefined;
  /** The integer for the name whose UTF-8 bytes stand from `start` to `end`. */
  find(bytes: Uint8Array, start: number, end: number): number | undefined;
}

const compiled = new WeakMap<KeyTable, CompiledTable>();

/** Compiles a table once. */
export function compileTable(table: KeyTable): CompiledTable {
  let result = compiled.get(table);
  if (!result) {
    result = compile(table);
    compiled.set(table, result);
  }
  return result;
}

function compile(table: KeyTable): CompiledTable {
  const positive: (Uint8Array | undefined)[] = [];
  const negative: (Uint8Array | undefined)[] = [];
  for (const [integer, name] of table.names) {
    const memberName = utf8.encode(`${JSON.stringify(name)}:`);
    if (integer >= 0) positive[integer] = memberName;
    else negative[-integer] = memberName;
  }
  const memberName = (integer: number): Uint8Array | undefined =>
    integer >= 0 ? positive[integer] : negative[-integer];

  // Open addressing, at most a quarter full, so that most names which are not in the table meet an empty slot at once.
  const size = 2 ** Math.ceil(Math.log2(table.integers.size * 4 + 1));
  const names = new Array<Uint8Array | undefined>(size).fill(undefined);
  const integers = new Array<number>(size).fill(0);
  for (const [name, integer] of table.integers) {
    const bytes = utf8.encode(name);
    let slot = hash(bytes, 0, bytes.length) & (size - 1);
    while (names[slot]) slot = (slot + 1) & (size - 1);
    names[slot] = bytes;
    integers[slot] = integer;
  }

  const find = (bytes: Uint8Array, start: number, end: number): number | undefined => {
    let slot = hash(bytes, start, end) & (size - 1);
    for (let name = names[slot]; name; name = names[slot]) {
      if (name.length === end - start && equals(name, bytes, start)) return integers[slot];
      slot = (slot + 1) & (size - 1);
    }
    return undefined;
  };
  return { memberName, find };
}

/** Four bytes and the length tell the names of a table well enough apart. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  const first = bytes[start]!;
  const middle = bytes[(start + end) >> 1]!;
  const quarter = bytes[(start * 3 + end) >> 2]!;
  const last = bytes[end - 1]!;
  return (
    (Math.imul(first * 31 + middle, 0x9e3b) + Math.imul(quarter * 37 + last, 0x85eb) + (end - start) * 0x51ed) >>> 5
  );
}

function equals(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name[i] !== bytes[start + i]) return false;
  }
  return true;
}
