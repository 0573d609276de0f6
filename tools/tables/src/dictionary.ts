import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { encodeValue, type JsonValue, keyTable } from '@lb-matrix/lb-cbor-keys';
import { cover } from './cover.ts';
import { Random } from './random.ts';
import { Scrubber } from './scrub.ts';

const SIZE = 16_384;
/** Shorter samples say nothing. */
const MIN_SAMPLE = 12;

const read = (path: string): Buffer => readFileSync(new URL(path, import.meta.url));
const lines = (text: string): string[] => text.trim().split('\n');

/** Builds version 1 of the dictionary from its training data; the same bytes every time. */
export function buildDictionary(): Buffer {
  const recorded = gunzipSync(read('../../../packages/lb-client/test/fixtures/v2-sync-session.jsonl.gz')).toString();
  const examples = (name: string): JsonValue[] =>
    lines(read(`../training/${name}.jsonl`).toString()).map((line) => JSON.parse(line));
  const sliding = examples('sliding-examples');
  // Few, and of another shape than all the rest: they count twice.
  const training = [...bodies(recorded), ...examples('spec-examples'), ...sliding, ...sliding];

  const names = new Set([...recorded.matchAll(/@([a-z0-9]+):localhost/g)].map((match) => match[1]!));
  const scrubber = new Scrubber(new Random(12_345), names);
  const samples = new Map<string, Buffer>();
  for (const value of training) {
    const cbor = Buffer.from(encodeValue(scrubber.value(value), { keys: keyTable(2), base64: true }));
    if (cbor.length >= MIN_SAMPLE) samples.set(cbor.toString('latin1'), cbor);
  }
  return cover([...samples.values()], SIZE, { piece: 6, longest: 128, shortest: 6 });
}

/** What is JSON of the requests and answers of a recording. */
function bodies(recorded: string): JsonValue[] {
  return lines(recorded)
    .map((line) => JSON.parse(line) as { request: string | null; response: string | null })
    .flatMap(({ request, response }) => [request, response])
    .flatMap((body) => {
      try {
        return body ? [JSON.parse(body) as JsonValue] : [];
      } catch {
        return [];
      }
    });
}
