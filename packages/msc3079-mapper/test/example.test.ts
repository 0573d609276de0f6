import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the README’s example runs and prints what the README says', async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...args: unknown[]) => {
    lines.push(args.join(' '));
  });
  try {
    await import('../example/exchange.ts');
  } finally {
    log.mockRestore();
  }
  const readme = read('../README.md');
  expect(readme).toContain(`\`\`\`ts\n${read('../example/exchange.ts')}\`\`\``);
  expect(readme).toContain(`\`\`\`text\n${lines.join('\n')}\n\`\`\``);
});
