import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src/', import.meta.url));

/** What a module imports, types aside. */
function importsOf(file: string): string[] {
  const code = readFileSync(join(src, file), 'utf8');
  return Array.from(code.matchAll(/^(?:import|export)(?! type)[^;]*?from '([^']+)'|import\('([^']+)'\)/gms)).map(
    (match) => (match[1] ?? match[2])!,
  );
}

/** Everything that an entry point loads: our files, and what they name outside. */
function loadedBy(entry: string): { readonly files: Set<string>; readonly outside: Set<string> } {
  const files = new Set<string>([entry]);
  const outside = new Set<string>();
  for (const file of files) {
    for (const specifier of importsOf(file)) {
      if (specifier.startsWith('.')) files.add(join(dirname(file), specifier));
      else outside.add(specifier);
    }
  }
  return { files, outside };
}

test('the engines and the noble provider need nothing of Node', () => {
  for (const entry of ['index.ts', 'noble.ts']) {
    const { files, outside } = loadedBy(entry);
    expect(files.size).toBeGreaterThan(5);
    expect([...outside].filter((name) => name.startsWith('node:'))).toEqual([]);
    for (const file of files)
      expect(readFileSync(join(src, file), 'utf8'), file).not.toMatch(/\b(Buffer|process)\b[.(]/);
  }
});

test('only the noble entry point loads @noble', () => {
  const usesNoble = (entry: string) => [...loadedBy(entry).outside].some((name) => name.startsWith('@noble/'));
  expect(['index.ts', 'node.ts', 'noble.ts'].filter(usesNoble)).toEqual(['noble.ts']);
});
