import { existsSync, readdirSync } from 'node:fs';
import type { TestProjectInlineConfiguration } from 'vitest/config';

/** Suites that need peers from outside npm, or long; vitest.outside.config.ts runs them. */
const OUTSIDE = new Set(['interop', 'e2e', 'long']);

const members = ['packages', 'apps', 'tools']
  .flatMap((dir) => readdirSync(new URL(dir, import.meta.url)).map((name) => ({ name, root: `${dir}/${name}` })))
  .filter(({ root }) => existsSync(new URL(`${root}/package.json`, import.meta.url)));

/** One Vitest project per workspace member; vitest.config.ts hands this list to Vitest. */
const projects: TestProjectInlineConfiguration[] = members
  .filter(({ name }) => !OUTSIDE.has(name))
  .map(({ name, root }) => ({
    extends: true,
    test: { name, root, include: ['test/**/*.test.ts'], benchmark: { include: ['bench/**/*.bench.ts'] } },
  }));

/** The suites that `npm test` leaves out: one file at a time, and with patience. */
export const outsideProjects: TestProjectInlineConfiguration[] = members
  .filter(({ name }) => OUTSIDE.has(name))
  .map(({ name, root }) => ({
    extends: true,
    test: {
      name,
      root,
      include: ['test/**/*.test.ts'],
      testTimeout: 120_000,
      hookTimeout: 600_000,
      fileParallelism: false,
    },
  }));

export default projects;
