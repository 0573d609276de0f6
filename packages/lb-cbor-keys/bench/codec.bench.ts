import { readFileSync } from 'node:fs';
import { Decoder, Encoder } from 'cbor-x';
import { bench, describe } from 'vitest';
import { decodeToJson, decodeValue, encodeJson, encodeValue, type JsonValue, keyTable } from '../src/index.ts';

// One run is all recorded bodies once: test/fixtures/README.md. Bytes in, bytes out, as a proxy has them.
const keys = keyTable(1);
const values: JsonValue[] = readFileSync(new URL('../test/fixtures/bodies.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((body) => JSON.parse(body));
const utf8 = new TextEncoder();
const text = new TextDecoder();
const jsonBodies = values.map((value) => utf8.encode(JSON.stringify(value)));
const cborBodies = jsonBodies.map((json) => encodeJson(json, { keys }));

// The same work with cbor-x, set up as it is fastest: a pass that puts integers for keys into Maps, and one back.
// (Its types lack two of these options.)
const writing = { useRecords: false, variableMapSize: true, useTag259ForMaps: false };
const reading = { useRecords: false, mapsAsObjects: false, int64AsNumber: true };
const encoder = new Encoder(writing);
const decoder = new Decoder(reading);

function toIntegers(value: JsonValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toIntegers);
  const map = new Map<string | number, unknown>();
  for (const [name, member] of Object.entries(value)) map.set(keys.integers.get(name) ?? name, toIntegers(member));
  return map;
}

function toNames(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(toNames);
  if (!(value instanceof Map)) return value as JsonValue;
  const object: { [key: string]: JsonValue } = {};
  for (const [key, member] of value) object[typeof key === 'number' ? keys.names.get(key)! : key] = toNames(member);
  return object;
}

for (const [i, json] of jsonBodies.entries()) {
  const theirs = encoder.encode(toIntegers(JSON.parse(text.decode(json))));
  const same = [decodeToJson(theirs), utf8.encode(JSON.stringify(toNames(decoder.decode(cborBodies[i]!))))];
  if (same.some((other) => text.decode(other) !== text.decode(json))) throw new Error('the two codecs disagree');
}

describe('JSON text to CBOR with integer keys', () => {
  bench('lb-cbor-keys encodeJson', () => {
    for (const json of jsonBodies) encodeJson(json, { keys });
  });
  bench('JSON.parse, key pass, cbor-x', () => {
    for (const json of jsonBodies) encoder.encode(toIntegers(JSON.parse(text.decode(json))));
  });
});

describe('CBOR with integer keys to JSON text', () => {
  bench('lb-cbor-keys decodeToJson', () => {
    for (const cbor of cborBodies) decodeToJson(cbor);
  });
  bench('cbor-x, key pass, JSON.stringify', () => {
    for (const cbor of cborBodies) utf8.encode(JSON.stringify(toNames(decoder.decode(cbor))));
  });
});

describe('value to CBOR with integer keys', () => {
  bench('lb-cbor-keys encodeValue', () => {
    for (const value of values) encodeValue(value, { keys });
  });
  bench('key pass, cbor-x', () => {
    for (const value of values) encoder.encode(toIntegers(value));
  });
});

describe('CBOR with integer keys to value', () => {
  bench('lb-cbor-keys decodeValue', () => {
    for (const cbor of cborBodies) decodeValue(cbor);
  });
  bench('cbor-x, key pass', () => {
    for (const cbor of cborBodies) toNames(decoder.decode(cbor));
  });
});
