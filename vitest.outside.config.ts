import { defineConfig } from 'vitest/config';
import { outsideProjects } from './vitest.workspace.ts';

/** The interop, end-to-end and long suites: `pnpm test:interop`, `pnpm test:e2e`, `pnpm test:long`. */
export default defineConfig({
  ssr: { resolve: { conditions: ['@lb-matrix/source'] } },
  test: { projects: outsideProjects },
});
