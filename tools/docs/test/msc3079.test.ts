import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const page = readFileSync(`${docs}msc3079.md`, 'utf8');

/** The rows of a table whose first cell matches, as cells. */
function rows(first: RegExp): string[][] {
  const cells = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return cells.filter(([, name]) => first.test(name ?? '')).map((row) => row.slice(1, -1));
}

/** The test files that a cell links to. */
function linked(cell: string): string[] {
  return [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => `${docs}${path}`);
}

const requirements = rows(/^R\d+$/);
const faults = rows(/^F\d+$/);

it('docs/msc3079.md has all of R1 to R30, and each fault once', () => {
  expect(requirements.map(([id]) => id)).toEqual(Array.from({ length: 30 }, (_, i) => `R${i + 1}`));
  expect(faults.map(([id]) => id)).toEqual(Array.from({ length: faults.length }, (_, i) => `F${i + 1}`));
  expect(faults.length).toBeGreaterThan(15);
});

describe.each(requirements)('%s', (id, _, tests) => {
  it.each(linked(tests!))('is named by a test of %s', (file) => {
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`['"\`(/ ]${id}\\b`));
  });

  it('has a test', () => expect(linked(tests!)).not.toHaveLength(0));
});

describe.each(faults)('%s', (_id, _fault, tests) => {
  it('has a test, by the name that the page gives', () => {
    const [file] = linked(tests!);
    const [, title] = /`(.+)`$/.exec(tests!) ?? [];
    expect(existsSync(file!)).toBe(true);
    expect(readFileSync(file!, 'utf8')).toContain(title);
  });
});
