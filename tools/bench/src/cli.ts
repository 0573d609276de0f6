import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeFigures, type Figure, readFigures } from './figure.ts';

/**
 * `pnpm bench [--project NAME]…`: Vitest's benchmarks, which time, and then the scripts `bench/*.figures.ts`, which count by
 * the CPU time of a process and print `Figure`s. All of it lands in `bench-results.json`, theirs as `figures`.
 */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const RESULTS = `${ROOT}bench-results.json`;

const args = process.argv.slice(2);
const projects = new Set(args.filter((_, index) => args[index - 1] === '--project'));
const vitest = `${ROOT}node_modules/vitest/vitest.mjs`;

function run(nodeArgs: readonly string[], stdout: 'inherit' | 'pipe'): string {
  const { status, stdout: output } = spawnSync(process.execPath, nodeArgs, {
    cwd: ROOT,
    stdio: ['ignore', stdout, 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  return output;
}

/** The scripts of the chosen members of the workspace; of all when none is named. */
function scripts(): string[] {
  return ['packages', 'apps', 'tools']
    .flatMap((dir) => readdirSync(`${ROOT}${dir}`).map((name) => ({ name, bench: `${ROOT}${dir}/${name}/bench` })))
    .filter(({ name, bench }) => (projects.size === 0 || projects.has(name)) && existsSync(bench))
    .flatMap(({ bench }) => readdirSync(bench).map((file) => `${bench}/${file}`))
    .filter((path) => path.endsWith('.figures.ts'));
}

run([vitest, 'bench', '--run', '--passWithNoTests', '--outputJson', RESULTS, ...args], 'inherit');
const figures: Figure[] = scripts().flatMap((script) =>
  readFigures(run(['--import', 'tsx', '--conditions=@lb-matrix/source', script], 'pipe')),
);
const times = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
writeFileSync(RESULTS, `${JSON.stringify({ ...times, figures }, undefined, 2)}\n`);
if (figures.length > 0) console.log(`\n${describeFigures(figures)}`);
