import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The parts of esbuild's metafile that are read. */
interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

/**
 * Writes the licences of all bundled packages beside the bundle, as they ask for. Takes the place of the metafile that
 * names them.
 */
export async function writeLicences(outDir: string): Promise<void> {
  const metafile = join(outDir, 'metafile-esm.json');
  const { inputs }: Metafile = JSON.parse(await readFile(metafile, 'utf8'));
  const roots = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const notices = await Promise.all([...roots].map(licenceOf));
  await writeFile(join(outDir, 'THIRD-PARTY-LICENSES.txt'), notices.sort().join('\n'));
  await rm(metafile);
}

async function licenceOf(root: string): Promise<string> {
  const { name, version }: { name: string; version: string } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  );
  const file = (await readdir(root)).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} has no licence file to bring along`);
  return `${name} ${version}\n\n${await readFile(join(root, file), 'utf8')}\n${'-'.repeat(80)}\n`;
}
