import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

export default defineConfig({
  // Tests run on src: workspace packages resolve by this condition, so nothing has to be built first.
  ssr: { resolve: { conditions: ['@lb-matrix/source'] } },
  test: {
    projects,
    coverage: { provider: 'v8', include: ['{packages,apps,tools}/*/src/**'] },
  },
});
