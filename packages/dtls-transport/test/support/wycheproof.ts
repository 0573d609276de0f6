import { readFileSync } from 'node:fs';

/** The fields of a Wycheproof vector that our tests read; all bytes are hex. */
export interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [bytes: string]: unknown;
}

export interface WycheproofGroup {
  readonly tests: readonly WycheproofTest[];
  readonly [parameter: string]: unknown;
}

/** The groups of a file in `test/vectors`. */
export function readWycheproof(file: string): readonly WycheproofGroup[] {
  const text = readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { testGroups: WycheproofGroup[] }).testGroups;
}

/** A vector's field as bytes. */
export function field(vector: WycheproofTest | WycheproofGroup, name: string): Uint8Array {
  const value = vector[name];
  if (typeof value !== 'string') throw new TypeError(`no field ${name}`);
  return fromHex(value);
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
