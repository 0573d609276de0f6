import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '@lb-matrix/interop/install';
import { freePort } from './free-port.ts';
import { synapseConfig } from './synapse-config.ts';

/** A running Synapse. */
export interface Synapse {
  /** Base URL of its client-server API, `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stops it and removes its directory; resolves when the process is gone. */
  close(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Installs Synapse from PyPI if need be, once per checkout, and starts one with an empty database on a free loopback port. Its
 * server name is `localhost`; anybody may register.
 *
 * @param options.rateLimited - limit messages to `RATE_LIMIT` of synapse-config.ts; otherwise nothing is but wrong passwords
 * @throws Error with the end of Synapse's log when it does not answer within a minute
 */
export async function startSynapse({ rateLimited = false }: { rateLimited?: boolean } = {}): Promise<Synapse> {
  const python = pythonWith('synapse', fileURLToPath(new URL('../peers/synapse-requirements.txt', import.meta.url)));
  const directory = await mkdtemp(join(tmpdir(), 'synapse-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(directory, 'homeserver.yaml');
  await writeFile(config, synapseConfig({ directory, port, rateLimited }));

  const logFile = join(directory, 'synapse.log');
  const log = openSync(logFile, 'a');
  const child = spawn(python, ['-m', 'synapse.app.homeserver', '-c', config], {
    cwd: directory,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  let failure: Error | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      failure = error;
      resolve();
    });
  });

  const close = async () => {
    child.kill('SIGTERM');
    const stubborn = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(stubborn);
    process.removeListener('exit', killWithUs);
    await rm(directory, { recursive: true, force: true });
  };

  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers(url))) {
    const running = failure === undefined && child.exitCode === null && child.signalCode === null;
    if (running && Date.now() < deadline) {
      await Promise.race([sleep(100), gone]);
      continue;
    }
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-30).join('\n');
    await close();
    throw new Error(`Synapse ${running ? 'did not answer in time' : 'stopped'}\n${lines}`, { cause: failure });
  }
  return { url, close };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_matrix/client/versions`)).ok;
  } catch {
    return false;
  }
}
