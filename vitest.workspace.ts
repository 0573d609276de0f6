import { existsSync, readdirSync } from 'node:fs';
import type { TestProjectInlineConfiguration } from 'vitest/config';

/** Suites that need peers from outside npm; `npm test` leaves them to test:interop and test:e2e. */
const OUTSIDE = new Set(['interop', 'e2e']);

const members = ['packages', 'apps', 'tools']
  .flatMap((dir) => readdirSync(new URL(dir, import.meta.url)).map((name) => ({ name, root: `${dir}/${name}` })))
  .filter(({ root }) => existsSync(new URL(`${root}/package.json`, import.meta.url)));

/** One Vitest project per workspace member; vitest.config.ts hands this list to Vitest. */
const projects: TestProjectInlineConfiguration[] = members.map(({ name, root }) => ({
  extends: true,
  test: {
    name,
    root,
    include: ['test/**/*.test.ts'],
    benchmark: { include: ['bench/**/*.bench.ts'] },
    ...(OUTSIDE.has(name) ? { testTimeout: 120_000, hookTimeout: 600_000, fileParallelism: false } : {}),
  },
}));

export default projects;
