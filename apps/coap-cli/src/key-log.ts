import { appendFileSync } from 'node:fs';
import { CliError } from '@lb-matrix/cli-args';
import { ExitCode } from './exit-code.ts';

/**
 * Appends the lines of a key log to a file that only its owner can read, as SSLKEYLOGFILE asks.
 *
 * @throws CliError at once if the file cannot be written
 */
export function openKeyLog(path: string): (line: string) => void {
  const append = (text: string): void => appendFileSync(path, text, { mode: 0o600 });
  try {
    append('');
  } catch (error) {
    throw new CliError(`SSLKEYLOGFILE: ${(error as Error).message}`, ExitCode.Usage, { cause: error });
  }
  return (line) => append(`${line}\n`);
}
