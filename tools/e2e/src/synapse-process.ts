import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a Synapse runs on. */
export interface SynapseFiles {
  /** A Python that has Synapse. */
  readonly python: string;
  /** Its `homeserver.yaml`. */
  readonly config: string;
  /** Where it keeps its log. */
  readonly directory: string;
  /** Base URL of its client-server API. */
  readonly url: string;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Runs Synapse as a process that ends with this one at the latest; resolves when it answers.
 *
 * @throws Error with the end of its log when it does not answer within a minute
 */
export async function runSynapse({ python, config, directory, url }: SynapseFiles): Promise<{ stop(): Promise<void> }> {
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

  const stop = async () => {
    child.kill('SIGTERM');
    const stubborn = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(stubborn);
    process.removeListener('exit', killWithUs);
  };

  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers(url))) {
    const running = failure === undefined && child.exitCode === null && child.signalCode === null;
    if (running && Date.now() < deadline) {
      await Promise.race([sleep(100), gone]);
      continue;
    }
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-30).join('\n');
    await stop();
    throw new Error(`Synapse ${running ? 'did not answer in time' : 'stopped'}\n${lines}`, { cause: failure });
  }
  return { stop };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/_matrix/client/versions`)).ok;
  } catch {
    return false;
  }
}
