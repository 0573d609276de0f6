/** A command and what it prints. */
interface Command {
  /** As it is typed; more than one line where `> ` continues it. */
  readonly text: string;
  /** What the page shows below it; empty for nothing. */
  readonly output: string;
}

/**
 * A fenced block that the test runs, by its info string:
 *
 * - `console`: commands for the reader's own terminal, one after the other in one shell;
 * - `console server`: one command that goes on running in the other terminal, in place of the one before;
 * - `text server`: the last lines in that other terminal.
 */
export type Block =
  | { readonly kind: 'console'; readonly commands: readonly Command[] }
  | { readonly kind: 'server'; readonly command: Command }
  | { readonly kind: 'log'; readonly output: string };

const FENCE = /^```(console|console server|text server)\n([\s\S]*?)^```$/gm;

/** The blocks of a page that the test runs, in their order. */
export function parseBlocks(page: string): Block[] {
  return Array.from(page.matchAll(FENCE), ([, info, content]) => {
    if (info === 'text server') return { kind: 'log', output: content!.trimEnd() };
    const commands = parseCommands(content!);
    if (info === 'console') return { kind: 'console', commands };
    return { kind: 'server', command: commands[0]! };
  });
}

/** The page with other blocks in place of its own: as many, of the same kinds. */
export function replaceBlocks(page: string, blocks: readonly Block[]): string {
  let next = 0;
  return page.replace(FENCE, (_, info: string) => `\`\`\`${info}\n${format(blocks[next++]!)}\n\`\`\``);
}

function parseCommands(content: string): Command[] {
  return content
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [, typed = '', output = ''] = /^(.*\n(?:> .*\n)*)([\s\S]*)$/.exec(text) ?? [];
      return { text: typed.trimEnd().replace(/^> /gm, ''), output: output.trimEnd() };
    });
}

function format(block: Block): string {
  if (block.kind === 'log') return block.output;
  const commands = block.kind === 'console' ? block.commands : [block.command];
  return commands
    .map(({ text, output }) => `$ ${text.replaceAll('\n', '\n> ')}${output === '' ? '' : `\n${output}`}`)
    .join('\n');
}
