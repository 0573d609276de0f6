import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { parseCommand } from '../src/command.ts';

vi.setConfig({ testTimeout: 60_000 });

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

test('the README shows what its commands print', async () => {
  const session = /```console\n([\s\S]*?)```/.exec(readme)![1]!;
  const steps = session
    .split(/^\$ /m)
    .slice(1)
    .map((step) => step.split(/\n([\s\S]*)/) as [string, string]);
  expect(steps).toHaveLength(9);
  const printed = await Promise.all(steps.map(([command]) => shell(command)));
  // A terminal shows the next prompt on a line of its own.
  expect(printed.map((text) => `${text.trimEnd()}\n`)).toEqual(steps.map(([, output]) => output));
});

test('the README has every option of the help', () => {
  const { print } = parseCommand(['--help']) as { print: string };
  const flags = [...print.matchAll(/^ +(?:-\w, )?--?(\w+) {2}/gm)].map(([, name]) => name!);
  expect(flags.length).toBe(11);
  for (const name of flags) expect(readme).toMatch(new RegExp(`\`-${name}\\b`));
});

/** Runs a line in a shell in which jc is this package's source; stdout and stderr as they would be seen. */
function shell(command: string): Promise<string> {
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  const script = `jc() { '${process.execPath}' --import tsx --conditions=@lb-matrix/source '${cli}' "$@" 2>&1; }; ${command}`;
  const child = spawn('sh', ['-c', script], { cwd: fileURLToPath(new URL('../../..', import.meta.url)) });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}
