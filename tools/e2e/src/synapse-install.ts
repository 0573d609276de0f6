import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The Synapse release that the tests are written against. */
const SYNAPSE_VERSION = '1.163.2';

/** Peers live here: in the checkout, ignored by git. */
const CACHE = fileURLToPath(new URL('../../../.peers/', import.meta.url));

const PIP_TIMEOUT_MS = 240_000;

/**
 * Installs Synapse from PyPI into a virtual environment under `.peers/`, once per checkout and version, and returns the path of
 * that environment's Python. Wants `python3` >= 3.10 with the `venv` module (Debian and Ubuntu: the `python3-venv` package).
 *
 * @throws Error when Python is missing or too old, or when pip fails twice
 */
export async function installSynapse(): Promise<string> {
  const home = join(CACHE, `synapse-${SYNAPSE_VERSION}`);
  const python = join(home, 'bin', 'python');
  if (existsSync(python)) return python;

  // Made under a name of its own and renamed when complete, so that a broken or parallel run never leaves half an environment.
  const partial = `${home}.partial-${process.pid}`;
  await mkdir(CACHE, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', '--clear', partial]);
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `matrix-synapse==${SYNAPSE_VERSION}`,
    ];
    const install = () => run(join(partial, 'bin', 'python'), pip, { timeout: PIP_TIMEOUT_MS });
    await install().catch(install);
    await rename(partial, home).catch((error: unknown) => {
      if (!existsSync(python)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return python;
}
