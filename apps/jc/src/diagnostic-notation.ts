import type { KeyTable } from '@lb-matrix/lb-cbor-keys';
import { floatOf, type Head, integerOf } from './cbor-head.ts';
import { CborReader, MAX_DEPTH } from './cbor-reader.ts';
import { encodingIndicator } from './encoding-indicator.ts';
import { quotedText } from './quoted-text.ts';

/** How the notation is written. */
export interface DiagnosticOptions {
  /** Integer keys of maps that are in it are followed by their names, as a comment. */
  readonly keys: KeyTable;
  /** One item or pair of each array and map a line. */
  readonly pretty: boolean;
}

/**
 * Any well-formed CBOR in diagnostic notation (RFC 8949 8): `{2 /type/: "m.room.message"}`. Encoding indicators stand
 * where an encoding is not the preferred one; bignums are shown as what they are, tags with byte strings.
 *
 * @returns the notation, ended by a newline
 * @throws CborError
 */
export function diagnosticNotation(cbor: Uint8Array, options: DiagnosticOptions): string {
  const reader = new CborReader(cbor);
  const text = new Writer(reader, options).item(MAX_DEPTH, '');
  reader.end();
  return `${text}\n`;
}

/** Reads an item, or a pair, that is to stand on a line with an indent. */
type Next = (indent: string) => string;

class Writer {
  readonly #reader: CborReader;
  readonly #options: DiagnosticOptions;

  constructor(reader: CborReader, options: DiagnosticOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  /**
   * @param depth - `MAX_DEPTH` less the items that this one stands in
   * @param indent - of the line on which it begins
   * @param isKey - of a map
   */
  item(depth: number, indent: string, isKey = false): string {
    const head = this.#reader.head(depth);
    const indicator = encodingIndicator(head);
    switch (head.kind) {
      case 'unsigned':
      case 'negative':
        return `${integerOf(head)}${indicator}${isKey ? this.#keyName(head) : ''}`;
      case 'bytes':
        return strings(this.#reader.byteChunks(head).map(hexString), head, indicator, "''");
      case 'text':
        return strings(this.#reader.textChunks(head).map(quotedText), head, indicator, '""');
      case 'array':
        return this.#list('[', head, indicator, ']', indent, (inner) => this.item(depth - 1, inner));
      case 'map':
        return this.#list('{', head, indicator, '}', indent, (inner) => this.#pair(depth - 1, inner));
      case 'tag':
        return `${head.argument}${indicator}(${this.item(depth - 1, indent)})`;
      case 'float':
        return floatText(floatOf(head)) + indicator;
      default:
        return SIMPLE_VALUES.get(Number(head.argument)) ?? `simple(${head.argument})`;
    }
  }

  #pair(depth: number, indent: string): string {
    const key = this.item(depth, indent, true);
    return `${key}: ${this.item(depth, indent)}`;
  }

  #list(open: string, head: Head, indicator: string, close: string, indent: string, next: Next): string {
    const parts: string[] = [];
    while (this.#reader.more(head, parts.length)) parts.push(next(`${indent}  `));
    const start = indicator === '' ? open : `${open}${indicator} `;
    if (parts.length === 0) return start + close;
    if (!this.#options.pretty) return start + parts.join(', ') + close;
    return `${start.trimEnd()}\n${indent}  ${parts.join(`,\n${indent}  `)}\n${indent}${close}`;
  }

  #keyName(head: Head): string {
    const name = this.#options.keys.names.get(Number(integerOf(head)));
    return name === undefined ? '' : ` /${name}/`;
  }
}

const SIMPLE_VALUES: ReadonlyMap<number, string> = new Map([
  [20, 'false'],
  [21, 'true'],
  [22, 'null'],
  [23, 'undefined'],
]);

/** A string, with its chunks if its length is indefinite; without any it has a form of its own (RFC 8949 8.1). */
function strings(chunks: readonly string[], head: Head, indicator: string, empty: string): string {
  if (!head.indefinite) return chunks[0]! + indicator;
  return chunks.length === 0 ? `${empty}_` : `(_ ${chunks.join(', ')})`;
}

function hexString(bytes: Uint8Array): string {
  return `h'${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}'`;
}

/** With a decimal point where it could be taken for an integer: `1.0`, `1.0e+300`. */
function floatText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+(?![\d.])/.test(text) ? text.replace(/^-?\d+/, '$&.0') : text;
}
