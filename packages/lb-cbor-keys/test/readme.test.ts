import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CborError } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

test('the README names every reason an error can have', () => {
  const source = read('../src/cbor-error.ts');
  const reasons = [...source.matchAll(/^ {2}(\w+): \['(\w+)'/gm)];
  expect(reasons).toHaveLength(23);
  for (const [, reason, code] of reasons) expect(readme).toMatch(new RegExp(`\\| \`${code}\` \\|[^\n]*\`${reason}\``));
  expect(new CborError('nan', 0).code).toBe('refused');
});
