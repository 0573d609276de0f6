import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildDictionary } from '../src/dictionary.ts';

const root = new URL('../../../packages/', import.meta.url);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

// A peer that has another byte in one of them misreads us: what is published changes in a new version only.
describe('as it was published', () => {
  it.each([
    ['lb-cbor-keys/src/tables/v1.json', '21efa9efde211aac95e432e10e2eee86f0def4bc001793383353172c5f94730e'],
    ['lb-cbor-keys/src/tables/v2.json', 'cae40ff59d136ffc717622bad28ab588e966d2ff3109140f523717695e271cab'],
    ['msc3079-mapper/src/tables/paths-v1.json', '1cda46fc6b15ce972d2ed8f16e182bfa015b4b5961003f2dfc8b7d080236cdf8'],
    ['msc3079-mapper/src/tables/paths-v2.json', '7cccb106f65c320f1fa99eaf81ad5eaef4ead8b96c353299f006147f85734b5d'],
    ['msc3079-mapper/src/tables/dictionary-1.json', '687afdd034f2110a26db189ebb7f8b98013908bf02d2d99af7c302cdf9907b88'],
  ])('%s', (path, hash) => {
    expect(sha256(readFileSync(new URL(path, root)))).toBe(hash);
  });

  it('the dictionary is the one of its name', () => {
    const file = new URL('msc3079-mapper/src/tables/dictionary-1.json', root);
    const { base64, sha256: hash } = JSON.parse(readFileSync(file, 'utf8')) as { base64: string; sha256: string };
    expect(sha256(Buffer.from(base64, 'base64'))).toBe(hash);
    expect(hash).toBe('22c588f849087d4efcc9f1a3a524d9b1ba9c5dcdb33199e835ac8f0f405e2ecc');
  });
});

describe('the builder', () => {
  const bytes = buildDictionary();

  it('builds the dictionary from its training data, byte for byte', () => {
    expect(sha256(bytes)).toBe('22c588f849087d4efcc9f1a3a524d9b1ba9c5dcdb33199e835ac8f0f405e2ecc');
    expect(bytes).toHaveLength(16_384);
  });

  it('lets nothing in that says who was recorded', () => {
    const text = bytes.toString('latin1');
    for (const name of ['alicemwsz', 'bobmwsz', 'WhkXCpDRObfXsjqWdn', 'syt_', 'localhost'])
      expect(text).not.toContain(name);
  });
});
