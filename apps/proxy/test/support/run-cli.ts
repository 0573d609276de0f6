import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary-directory.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

/** `lb-proxy` as a process of its own, from source. */
export interface CliProcess {
  readonly child: ChildProcess;
  /** All of stderr so far. */
  stderr(): string;
  readonly stdout: Promise<string>;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exit: Promise<number | string>;
}

export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): CliProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@lb-matrix/source', CLI, ...args], {
    env: { ...process.env, XDG_STATE_HOME: temporaryDirectory(), SSLKEYLOGFILE: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  return {
    child,
    stderr: () => stderr,
    stdout: text(child.stdout),
    exit: once(child, 'close').then(([code, signal]) => code ?? signal),
  };
}
