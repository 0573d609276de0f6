/** publint and attw over every tarball: `pnpm check:packages`, after a build. */
import { spawnSync } from 'node:child_process';
import { packAll, root } from './pack.ts';

let failed = 0;
for (const { name, tarball, bins } of packAll()) {
  check(name, 'publint', [tarball, '--strict']);
  // What has commands has no module to import, so there are no types to judge.
  if (bins.length === 0) check(name, 'attw', [tarball, '--profile', 'esm-only', '--no-emoji']);
}
process.exitCode = failed === 0 ? 0 : 1;

function check(name: string, tool: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(`${root}node_modules/.bin/${tool}`, args, { encoding: 'utf8' });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${tool.padEnd(8)}${name}`);
  if (status === 0) return;
  failed++;
  console.log(`${stdout}\n${stderr}`);
}
