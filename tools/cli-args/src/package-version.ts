import { readFileSync } from 'node:fs';

/**
 * The version in the package.json one folder above a module, which is where it stands for `src/cli.ts` and for the
 * built `dist/cli.js` alike.
 *
 * @param moduleUrl - `import.meta.url` of the module
 */
export function packageVersion(moduleUrl: string): string {
  const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', moduleUrl), 'utf8'));
  return version;
}
