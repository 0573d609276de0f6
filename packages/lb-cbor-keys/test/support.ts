import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { CborError, type DecodeToJsonOptions, decodeToJson, decodeValue, type JsonValue } from '../src/index.ts';

/** One seed for every property, so that a failure replays; what a fuzzer finds becomes a case of its own. */
export const SEED = 3079;

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function toText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The recorded bodies: see fixtures/README.md. */
export function bodies(): string[] {
  return readFileSync(new URL('fixtures/bodies.jsonl', import.meta.url), 'utf8')
    .trim()
    .split('\n');
}

/** The error that a call throws; a call that throws nothing, or anything else than a CborError, fails the test. */
export function errorOf(call: () => unknown): CborError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(CborError);
    return error as CborError;
  }
  throw new Error('nothing was thrown');
}

/** Both decoders on the same bytes: the JSON text and the value. */
export function decodeBoth(hex: string, options: DecodeToJsonOptions = {}): { json: string; value: JsonValue } {
  const bytes = fromHex(hex);
  return { json: toText(decodeToJson(bytes, options)), value: decodeValue(bytes, options) };
}

/** What JSON.parse would have made of the value: bigints rounded to numbers, and no -0. */
export function asParsed(value: JsonValue): JsonValue {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(asParsed);
  const copy: { [key: string]: JsonValue } = Object.create(null);
  for (const [key, member] of Object.entries(value)) copy[key] = asParsed(member);
  return copy;
}

/**
 * JSON.parse by another way, since V8 of Node 24 may read an escaped key as another one (nodejs/node#63785): every object
 * is parsed as an array of its keys and values in turn.
 */
export function parseJson(text: string): JsonValue {
  JSON.parse(text);
  const replacements: Readonly<Record<string, string>> = { '{': '{"pairs":[', '}': ']}', ':': ',' };
  return fromPairs(JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|[{}:]/gs, (token) => replacements[token] ?? token)));
}

function fromPairs(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromPairs);
  const { pairs } = value as { pairs: JsonValue[] };
  const keys = pairs.filter((_, i) => i % 2 === 0) as string[];
  return Object.fromEntries(keys.map((key, i) => [key, fromPairs(pairs[i * 2 + 1]!)]));
}
