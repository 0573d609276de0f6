import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCommand } from '../src/command.ts';
import { parseLocation } from '../src/location.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

test('the README has the help text as it is', () => {
  const { print } = readCommand(['--help'], '') as { print: string };
  expect(readme).toContain(`<!-- coap --help -->\n\`\`\`text\n${print}\`\`\`\n`);
});

/** The words of a command line, its quotes taken off as a shell does. */
function words(line: string): string[] {
  return Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain!);
}

const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)]
  .flatMap(([, block]) => block!.split('\n'))
  .map((line) => /(?:^|\| )coap (.*?)(?: \| jc .*)?$/.exec(line)?.[1])
  .filter((command) => command !== undefined);

test('the README has examples', () => {
  expect(commands.length).toBeGreaterThan(5);
});

test.each(commands)('coap %s is a command line that coap understands', (command) => {
  const parsed = readCommand(words(command), '');
  expect(parsed).toHaveProperty('url');
  if ('url' in parsed) expect(parseLocation(parsed.url).target).toMatch(/^\//);
});
