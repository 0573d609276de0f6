import { appendFileSync } from 'node:fs';
import { CliError } from './cli-error.ts';

/**
 * Where session secrets go when SSLKEYLOGFILE asks for them: lines in NSS format, for Wireshark. `undefined` without it.
 *
 * @param onError - told when a line is lost, to a full disk for example: that must not end a session
 * @throws CliError when the file cannot be written
 */
export function openKeyLog(
  path: string | undefined,
  onError: (error: unknown) => void,
): ((line: string) => void) | undefined {
  if (!path) return undefined;
  const append = (text: string): void => appendFileSync(path, text, { mode: 0o600 });
  try {
    append('');
  } catch (error) {
    throw new CliError(`SSLKEYLOGFILE: ${(error as Error).message}`, 1, { cause: error });
  }
  return (line) => {
    try {
      append(`${line.trimEnd()}\n`);
    } catch (error) {
      onError(error);
    }
  };
}
