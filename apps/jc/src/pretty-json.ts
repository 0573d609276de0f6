import { CliError } from '@lb-matrix/cli-args';

const INDENT = '  ';
/** Deep nesting makes a short input long. */
const MAX_CHARACTERS = 256 * 1024 * 1024;

/**
 * Lays out JSON text without white space as JSON.stringify does with an indent of two, and ends it with a newline. Works
 * on the text, so that every digit of a number stays.
 *
 * @throws CliError if the output would be too long
 */
export function prettyJson(json: Uint8Array): Uint8Array {
  const text = Buffer.from(json).toString();
  const parts: string[] = [];
  let depth = 0;
  let copied = 0;
  let added = 0;
  const line = (): string => {
    added += depth * INDENT.length;
    if (added > MAX_CHARACTERS) throw new CliError('the output would be too long; leave --pretty out');
    return `\n${INDENT.repeat(depth)}`;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"') {
      at = stringEnd(text, at);
      continue;
    }
    const opens = character === '{' || character === '[';
    if (opens && (text[at + 1] === '}' || text[at + 1] === ']')) {
      at += 1;
    } else if (opens || character === ',' || character === ':') {
      if (opens) depth += 1;
      parts.push(text.slice(copied, at + 1), character === ':' ? ' ' : line());
      copied = at + 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      parts.push(text.slice(copied, at), line());
      copied = at;
    }
  }
  parts.push(text.slice(copied), '\n');
  return Buffer.from(parts.join(''));
}

/** The index of the quote that ends the string which begins at `start`. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
