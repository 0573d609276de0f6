import { CliError, UsageError } from './cli-error.ts';

/**
 * Runs a tool and sets the exit code of the process; everything written is flushed before it ends.
 *
 * A `CliError` is printed on stderr as one line that begins with `FATAL: ` and ends the process with its exit code; a
 * `UsageError` points to `--help` and is 2. Anything else is a fault of the tool and is shown with its stack. A reader
 * that closes our stdout or stderr early (`jc … | head -c 1`) is no error.
 *
 * @param name - how the tool is called
 * @param main - returns the exit code
 */
export async function runCli(name: string, main: () => Promise<number>): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', unlessClosedPipe);
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = error instanceof CliError ? error.exitCode : 1;
    process.stderr.write(describe(name, error));
  }
}

function describe(name: string, error: unknown): string {
  if (error instanceof UsageError) return `${name}: ${error.message}\nTry '${name} --help'.\n`;
  if (error instanceof CliError) return `FATAL: ${error.message}\n`;
  return `FATAL: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`;
}

function unlessClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
