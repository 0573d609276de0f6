import { packageVersion, stopSignal } from '@lb-matrix/cli-args';
import { readCommandLine } from './command-line.ts';
import { createLog } from './log.ts';
import { startClientProxy } from './start-client-proxy.ts';

/** Milliseconds that requests have to finish in when the proxy is stopped. */
const GRACEFUL = 5000;

/**
 * Runs `lb-client-proxy` until it is stopped by a signal.
 *
 * @param argv - the arguments after the program's name
 * @returns the exit code
 * @throws CliError
 */
export async function runClientProxy(argv: readonly string[]): Promise<number> {
  const settings = readCommandLine(argv, packageVersion(import.meta.url), process.env);
  if (typeof settings === 'string') {
    process.stdout.write(settings);
    return 0;
  }
  const log = createLog(settings.logLevel, settings.logFormat);
  const stopped = stopSignal();
  const proxy = await startClientProxy(settings, log, process.env);
  log.info(`Stopping on ${await stopped}: requests have ${GRACEFUL / 1000} s to finish`);
  await proxy.close(GRACEFUL);
  return 0;
}
