import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a run of `coap` ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const LOADER = ['--import', import.meta.resolve('tsx'), '--conditions=@lb-matrix/source'];

/** Runs `coap` from source in a process of its own. */
export function coap(
  args: readonly string[],
  { stdin = '', env = {} }: { readonly stdin?: string | Uint8Array; readonly env?: Record<string, string> } = {},
): Promise<Run> {
  const { child, done } = start(args, env);
  child.stdin.end(stdin);
  return done;
}

/** The same, with the process in the caller's hands. */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
): { readonly child: ChildProcessWithoutNullStreams; readonly done: Promise<Run> } {
  const child = spawn(process.execPath, [...LOADER, CLI, ...args], { env: { ...process.env, ...env } });
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  // A run that ends before it reads its input closes the pipe.
  child.stdin.on('error', () => {});
  const done = new Promise<Run>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
  });
  return { child, done };
}
