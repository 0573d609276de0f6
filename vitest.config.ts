import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

export default defineConfig({
  // Tests run on src: workspace packages resolve by this condition, so nothing has to be built first.
  ssr: { resolve: { conditions: ['@lb-matrix/source'] } },
  test: {
    projects,
    // Many tests wait for processes that they start: leave no core idle.
    maxWorkers: '100%',
    // No test waits by the wall clock; this only keeps a busy machine from failing those that start processes.
    testTimeout: 30_000,
    coverage: { provider: 'v8', include: ['{packages,apps,tools}/*/src/**'] },
  },
});
