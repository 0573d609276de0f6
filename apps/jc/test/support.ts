import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Run {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface How {
  readonly stdin?: Uint8Array | string;
  /** Closes the tool's stdout once so many bytes have come. */
  readonly closeAfter?: number;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

/** Runs jc from its source, as a user would from a shell. */
export function jc(
  args: readonly string[],
  { stdin = '', closeAfter = Number.POSITIVE_INFINITY }: How = {},
): Promise<Run> {
  const { child, done } = start(args);
  let length = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length >= closeAfter) child.stdout.destroy();
  });
  child.stdin.end(stdin);
  return done;
}

/** The same with its pipes in the caller's hands. */
export function start(args: readonly string[]): { child: ChildProcessWithoutNullStreams; done: Promise<Run> } {
  const node = ['--import', 'tsx', '--conditions=@lb-matrix/source', CLI];
  const child = spawn(process.execPath, [...node, ...args], { cwd: ROOT });
  const chunks: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const done = new Promise<Run>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(chunks), stderr }));
  });
  return { child, done };
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
