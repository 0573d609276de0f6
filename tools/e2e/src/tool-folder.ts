import { execFile } from 'node:child_process';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The names that the guide calls the tools by, and the apps that they are. */
const TOOLS = { proxy: 'proxy', coap: 'coap-cli', jc: 'jc' } as const;

/** Builds the tools and returns a new folder in which they are called `./proxy`, `./coap` and `./jc`. */
export async function toolFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lb-guide-'));
  for (const [name, app] of Object.entries(TOOLS)) {
    await run(join(root, 'node_modules/.bin/tsup'), ['--silent'], { cwd: join(root, 'apps', app) });
    const script = join(folder, name);
    await writeFile(script, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'apps', app, 'dist/cli.js')}' "$@"\n`);
    await chmod(script, 0o755);
  }
  return folder;
}
