const INDENT = '  ';

/**
 * Lays out JSON text without white space as JSON.stringify does with an indent of two, and ends it with a newline. Works
 * on the text, so that every digit of a number stays.
 */
export function prettyJson(json: Uint8Array): Uint8Array {
  const text = Buffer.from(json).toString();
  const parts: string[] = [];
  let depth = 0;
  let copied = 0;
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
      parts.push(text.slice(copied, at + 1), character === ':' ? ' ' : line(depth));
      copied = at + 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      parts.push(text.slice(copied, at), line(depth));
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

function line(depth: number): string {
  return `\n${INDENT.repeat(depth)}`;
}
