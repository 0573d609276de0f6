import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** Where and how a command line runs. */
export interface ShellOptions {
  readonly cwd: string;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for its stdin; nothing by default. */
  readonly stdin?: string;
}

/** How a command line ended. */
export interface ShellResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code of each command of the pipeline, from left to right. */
  readonly codes: readonly number[];
}

/** Runs one pipeline in bash, as a reader of the guide types it, and waits for its end. */
export async function shell(pipeline: string, { cwd, env = {}, stdin = '' }: ShellOptions): Promise<ShellResult> {
  const child = spawn('bash', ['-c', `${pipeline}\necho "\${PIPESTATUS[@]}" >&3`], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const [input, output, errors, codes] = child.stdio as [typeof child.stdin, Readable, Readable, Readable, undefined];
  // A command that does not read its stdin may end first.
  input.on('error', () => {});
  input.end(stdin);
  const failed = new Promise<never>((_, reject) => child.on('error', reject));
  const ended = Promise.all([text(output), text(errors), text(codes)]);
  const [stdout, stderr, line] = await Promise.race([ended, failed]);
  return { stdout, stderr, codes: line.trim().split(' ').map(Number) };
}
