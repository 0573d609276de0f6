import { defineConfig } from 'tsup';
import { writeLicences } from '../../tools/release/src/bundled-licences.ts';

// Everything is bundled: loading some hundred modules one by one would be half of the start.
export default defineConfig({
  entry: ['src/cli.ts'],
  format: ['esm'],
  dts: false,
  clean: true,
  target: 'node20',
  noExternal: [/.*/],
  metafile: true,
  esbuildOptions(options) {
    options.conditions = ['@lb-matrix/source'];
  },
  onSuccess: () => writeLicences('dist'),
});
