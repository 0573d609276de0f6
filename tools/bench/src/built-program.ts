import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MEMBER = fileURLToPath(new URL('..', import.meta.url));
const TSUP = fileURLToPath(new URL('../../../node_modules/tsup/dist/cli-default.js', import.meta.url));

/** Builds the programs of this member and returns the path of one. */
export function buildProgram(name: string): string {
  execFileSync(process.execPath, [TSUP, '--silent'], { cwd: MEMBER, stdio: ['ignore', 'ignore', 'inherit'] });
  return `${MEMBER}dist/${name}.js`;
}
