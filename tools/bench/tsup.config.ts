import { defineConfig } from 'tsup';

/** What is measured runs as a user gets it: as one file, without what tsx adds to each function. */
export default defineConfig({
  entry: ['src/dtls-echo-server.ts', 'src/dtls-engine.ts'],
  format: ['esm'],
  noExternal: [/^@lb-matrix\//],
  esbuildOptions(options) {
    options.conditions = ['@lb-matrix/source'];
  },
  clean: true,
  target: 'node20',
});
