import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const members = ['packages', 'apps'].flatMap((dir) => readdirSync(`${root}${dir}`).map((name) => `${dir}/${name}`));
const examples = members.flatMap((member) => {
  const folder = `${root}${member}/example`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ member, file }));
});

/** Every example stands in its package's README word for word, with the output that it really prints below it. */
describe('the README of', () => {
  it.each(examples)(
    '$member shows example/$file and what it prints',
    async ({ member, file }) => {
      const readme = readFileSync(`${root}${member}/README.md`, 'utf8');
      const source = readFileSync(`${root}${member}/example/${file}`, 'utf8');
      const at = readme.indexOf(`\`\`\`ts\n${source}\`\`\``);
      expect(at, `README.md of ${member} does not hold ${file} as it is`).toBeGreaterThanOrEqual(0);

      const printed = /```text\n([\s\S]*?)```/.exec(readme.slice(at))?.[1];
      const { stdout } = await run(
        process.execPath,
        ['--import', 'tsx', '--conditions=@lb-matrix/source', `${member}/example/${file}`],
        { cwd: root, timeout: 30_000 },
      );
      expect(stdout).toBe(printed);
    },
    60_000,
  );

  it.each(members)('%s says what it is, how to install it and its licence', (member) => {
    const readme = readFileSync(`${root}${member}/README.md`, 'utf8');
    const { name } = JSON.parse(readFileSync(`${root}${member}/package.json`, 'utf8'));
    expect(readme.startsWith(`# ${name}\n`)).toBe(true);
    expect(readme).toContain(`npm install ${member.startsWith('apps/') ? '--global ' : ''}${name}`);
    expect(readme).toContain('Apache-2.0');
  });
});
