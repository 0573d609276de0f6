import { readFileSync } from 'node:fs';
import { deflateRawSync, gunzipSync } from 'node:zlib';
import { encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import { bench, describe } from 'vitest';
import { dictionary } from '../src/dictionary.ts';
import { fflateDeflate } from '../src/fflate.ts';
import { nodeDeflate } from '../src/node.ts';

// One run is the bodies of one size of a recorded session, once: per message it is that by their number.
const file = new URL('../../lb-client/test/fixtures/sliding-sync-session.jsonl.gz', import.meta.url);
const bodies = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { response: string | null }).response)
  .filter((body) => body?.startsWith('{'))
  .map((body) => encodeJson(body!, { keys: keyTable(2), base64: true }));
const SIZES = [
  ['small', 8, 200],
  ['medium', 200, 1000],
  ['large', 1000, 65_536],
] as const;
const engines = { 'node:zlib': nodeDeflate(), fflate: fflateDeflate() };

for (const [size, from, to] of SIZES) {
  const some = bodies.filter(({ length }) => length >= from && length < to).slice(0, 40);
  const mean = Math.round(some.reduce((sum, { length }) => sum + length, 0) / some.length);
  const packed = some.map((body) => engines['node:zlib'].compress(body, dictionary()));

  describe(`${some.length} ${size} bodies of ${mean} bytes: compress`, () => {
    for (const [name, engine] of Object.entries(engines)) {
      bench(name, () => {
        for (const body of some) engine.compress(body, dictionary());
      });
    }
    bench('node:zlib without a dictionary', () => {
      for (const body of some) deflateRawSync(body);
    });
  });

  describe(`${some.length} ${size} bodies of ${mean} bytes: decompress`, () => {
    for (const [name, engine] of Object.entries(engines)) {
      bench(name, () => {
        for (const body of packed) engine.decompress(body, dictionary(), 65_536);
      });
    }
  });
}
