import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

/**
 * Reads what an argument stands for, as curl's `--data` does: `@file` a file's bytes, `-` or `@-` all of stdin,
 * anything else its own text in UTF-8.
 *
 * @throws CliError with exit code 1 if the file cannot be read
 */
export async function readDataArgument(argument: string): Promise<Uint8Array> {
  if (argument === '-' || argument === '@-') return readStdin();
  if (!argument.startsWith('@')) return new TextEncoder().encode(argument);
  const path = argument.slice(1);
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * The same, piece by piece as it comes, for what need not be at hand as a whole.
 *
 * @throws CliError with exit code 1 if the file cannot be read
 */
export async function* readDataPieces(argument: string): AsyncGenerator<Uint8Array> {
  if (argument === '-' || argument === '@-') yield* process.stdin;
  else if (!argument.startsWith('@')) yield new TextEncoder().encode(argument);
  else {
    const path = argument.slice(1);
    try {
      yield* createReadStream(path);
    } catch (error) {
      throw unreadable(path, error);
    }
  }
}

/**
 * Writes bytes to a file, or to stdout for `-`. Called once with everything, so that bad input leaves the file alone.
 *
 * @throws CliError with exit code 1 if the file cannot be written
 */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  if (path === '-') {
    process.stdout.write(bytes);
    return;
  }
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw new CliError(`cannot write ${path}: ${reason(error)}`, 1, { cause: error });
  }
}

function unreadable(path: string, error: unknown): CliError {
  return new CliError(`cannot read ${path}: ${reason(error)}`, 1, { cause: error });
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'no such file or directory';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return message;
}
