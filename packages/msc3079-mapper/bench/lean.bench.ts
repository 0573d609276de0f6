import { readFileSync } from 'node:fs';
import { deflateRawSync, gunzipSync } from 'node:zlib';
import { encodeJson } from '@lb-matrix/lb-cbor-keys';
import { bench, describe } from 'vitest';
import { writtenForm } from '../src/body-form.ts';
import { dictionary } from '../src/dictionary.ts';
import { CLIENT_ECHOES, Echoes } from '../src/lean/echoes.ts';
import { readLean } from '../src/lean/lean-reader.ts';
import { writeLean } from '../src/lean/lean-writer.ts';
import { firstReference, type SyncReference } from '../src/lean/sync-reference.ts';

// One run is the answers of one recorded device, one after the other: per answer it is that by their number.
const file = new URL('../../lb-client/test/fixtures/sliding-sync-session.jsonl.gz', import.meta.url);
const form = writtenForm(3, { keyTable: 1, compression: undefined });
const answers = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { who: string; target: string; response: string | null })
  .filter(({ who, target }) => who === 'alice' && /\/sync\?/.test(target))
  .map(({ response }) => encodeJson(response!, form));
const echoes = new Echoes(CLIENT_ECHOES);

const lean: { readonly body: Uint8Array; readonly known: readonly SyncReference[]; readonly before: SyncReference }[] =
  [];
let known: readonly SyncReference[] = [firstReference(undefined)];
for (const answer of answers) {
  const before = known.at(-1)!;
  const { cbor: body } = writeLean(answer, form, before, echoes)!;
  lean.push({ body, known, before });
  ({ known } = readLean(body, form, known, echoes));
}
const mean = Math.round(answers.reduce((sum, { length }) => sum + length, 0) / answers.length);

describe(`${answers.length} answers of sliding sync of ${mean} bytes of CBOR`, () => {
  bench('make lean', () => {
    for (const [i, answer] of answers.entries()) writeLean(answer, form, lean[i]!.before, echoes);
  });
  bench('make whole', () => {
    for (const { body, known: then } of lean) readLean(body, form, then, echoes);
  });
  bench('compress, by node:zlib', () => {
    for (const answer of answers) deflateRawSync(answer, { dictionary: dictionary(), level: 9 });
  });
  bench('compress what is lean', () => {
    for (const { body } of lean) deflateRawSync(body, { dictionary: dictionary(), level: 9 });
  });
});
