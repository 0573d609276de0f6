import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { CborError } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

test('the README shows the example as it is, and what it prints', async () => {
  expect(readme).toContain(`\`\`\`ts\n${read('../example/message.ts')}\`\`\``);
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('../example/message.ts');
  const { formatWithOptions } = await import('node:util');
  const printed = log.mock.calls.map((line) => formatWithOptions({}, ...line)).join('\n');
  log.mockRestore();
  expect(readme).toContain(`\`\`\`text\n${printed}\n\`\`\``);
});

test('the README names every reason an error can have', () => {
  const source = read('../src/cbor-error.ts');
  const reasons = [...source.matchAll(/^ {2}(\w+): \['(\w+)'/gm)];
  expect(reasons).toHaveLength(23);
  for (const [, reason, code] of reasons) expect(readme).toMatch(new RegExp(`\\| \`${code}\` \\|[^\n]*\`${reason}\``));
  expect(new CborError('nan', 0).code).toBe('refused');
});
