import { decodeToJson, encodeJson, type KeyTable } from '@lb-matrix/lb-cbor-keys';
import { CborReader, MAX_DEPTH } from './cbor-reader.ts';
import type { Command } from './command.ts';
import { quotedText } from './quoted-text.ts';

/** Of the keys without a number, this many are named. */
const SHOWN_KEYS = 20;

/** How often a key is used, and the bytes that its text takes in CBOR. */
interface Use {
  readonly count: number;
  readonly bytes: number;
}

/** What values measure in each form, added up. */
export class Statistics {
  readonly #keys: KeyTable;
  readonly #base64: boolean;
  readonly #textKeys = new Map<string, Use>();
  #values = 0;
  #json = 0;
  #cborTextKeys = 0;
  #cborIntegerKeys = 0;
  #numberedKeys = 0;

  constructor({ keys, base64 }: Pick<Command, 'keys' | 'base64'>) {
    this.#keys = keys;
    this.#base64 = base64;
  }

  /**
   * Adds a value, given as JSON text; its white space does not count.
   *
   * @throws CborError
   */
  add(json: Uint8Array): void {
    const cbor = encodeJson(json);
    this.#values += 1;
    this.#json += decodeToJson(cbor).length;
    this.#cborTextKeys += cbor.length;
    this.#cborIntegerKeys += encodeJson(json, { keys: this.#keys, base64: this.#base64 }).length;
    this.#countKeys(new CborReader(cbor), MAX_DEPTH);
  }

  /** A table for people, ended by a newline. */
  toString(): string {
    const keys = [...this.#textKeys].sort(([a, { bytes: x }], [b, { bytes: y }]) => y - x || (a < b ? -1 : 1));
    const uses = sum(keys.map(([, { count }]) => count));
    const sizes = [
      ['JSON', this.#json],
      ['CBOR, text keys', this.#cborTextKeys],
      ['CBOR, integer keys', this.#cborIntegerKeys],
    ] as const;
    const lines = [
      row('values', this.#values),
      ...sizes.map(([name, bytes], i) => `${row(name, bytes)} bytes${i > 0 ? saving(bytes, this.#json) : ''}`),
      row('keys with a number', this.#numberedKeys),
      row('keys without', uses),
    ];
    if (keys.length > 0) lines.push('', '    uses     bytes  key without a number');
    for (const [name, { count, bytes }] of keys.slice(0, SHOWN_KEYS))
      lines.push(keyRow(count, bytes, quotedText(name)));
    const others = keys.slice(SHOWN_KEYS).map(([, use]) => use);
    if (others.length > 0) {
      const [count, bytes] = [sum(others.map((use) => use.count)), sum(others.map((use) => use.bytes))];
      lines.push(keyRow(count, bytes, `(${others.length} others)`));
    }
    return `${lines.join('\n')}\n`;
  }

  /** Of CBOR that `encodeJson` wrote without a table: every key is text of definite length. */
  #countKeys(reader: CborReader, depth: number): void {
    const head = reader.head(depth);
    if (head.kind === 'text') reader.textChunks(head);
    if (head.kind !== 'array' && head.kind !== 'map') return;
    for (let i = 0; reader.more(head, i); i++) {
      if (head.kind === 'map') {
        const key = reader.head(depth);
        this.#countKey(reader.textChunks(key).join(''), key.size + Number(key.argument));
      }
      this.#countKeys(reader, depth - 1);
    }
  }

  #countKey(name: string, bytes: number): void {
    if (this.#keys.integers.has(name)) {
      this.#numberedKeys += 1;
      return;
    }
    const use = this.#textKeys.get(name);
    this.#textKeys.set(name, { count: (use?.count ?? 0) + 1, bytes: (use?.bytes ?? 0) + bytes });
  }
}

function row(name: string, count: number): string {
  return `${name.padEnd(18)} ${String(count).padStart(9)}`;
}

function keyRow(count: number, bytes: number, name: string): string {
  return `${String(count).padStart(8)} ${String(bytes).padStart(9)}  ${name}`;
}

function saving(bytes: number, ofBytes: number): string {
  if (ofBytes === 0) return '';
  const percent = Math.round((1 - bytes / ofBytes) * 100);
  return percent < 0 ? `, ${-percent} % more` : `, ${percent} % less`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
