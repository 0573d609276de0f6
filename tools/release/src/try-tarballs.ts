/**
 * Installs every tarball with npm in an empty folder, as a user would, and runs there each command and each README example:
 * `pnpm try:tarballs`, after a build.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packAll, root } from './pack.ts';

const packed = packAll();
const folder = mkdtempSync(join(tmpdir(), 'lbm-user-'));
writeFileSync(
  join(folder, 'package.json'),
  '{ "name": "a-user", "version": "1.0.0", "type": "module", "private": true }\n',
);
run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packed.map(({ tarball }) => tarball)]);
console.log(`installed ${packed.length} tarballs in an empty folder`);

for (const { member, bins } of packed) {
  for (const bin of bins) {
    const version = JSON.parse(readFileSync(join(root, member, 'package.json'), 'utf8')).version;
    expectEqual(`${bin} --version`, run(`node_modules/.bin/${bin}`, ['--version']), `${bin} ${version}\n`);
    if (!run(`node_modules/.bin/${bin}`, ['--help']).includes(bin)) throw new Error(`${bin} --help does not name it`);
  }
  const examples = join(root, member, 'example');
  if (!existsSync(examples)) continue;
  const readme = readFileSync(join(root, member, 'README.md'), 'utf8');
  for (const file of readdirSync(examples).filter((name) => name.endsWith('.ts'))) {
    copyFileSync(join(examples, file), join(folder, file));
    const source = readFileSync(join(examples, file), 'utf8');
    const promised = /```text\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf(source)))?.[1];
    // Node 20 does not read TypeScript itself; the loader is the workspace's, the packages are the tarballs'.
    const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;
    expectEqual(`${member}/example/${file}`, run(process.execPath, ['--import', loader, file]), promised);
  }
}
expectEqual('jc', run('node_modules/.bin/jc', ['--hex', '{"type":"m.text"}']), 'a102666d2e74657874');

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function expectEqual(what: string, got: string, wanted: string | undefined): void {
  if (got !== wanted) throw new Error(`${what} printed\n${got}\nand not\n${wanted}`);
  console.log(`ok ${what}`);
}
