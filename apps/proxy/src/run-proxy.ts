import { hostAndPort, packageVersion, stopSignal } from '@lb-matrix/cli-args';
import { readCommandLine } from './command-line.ts';
import { createLog } from './log.ts';
import { startProxy } from './start-proxy.ts';

/** Milliseconds that requests have to finish in when the proxy is stopped. */
const GRACEFUL = 5000;

/** For programs that wrap the proxy. */
export interface ProxyHooks {
  /** Called once, when the proxy listens, with a URL to try it with; by default the log says how. */
  readonly onListening?: ((tryUrl: string) => void) | undefined;
}

/**
 * Runs `lb-proxy` until it is stopped by a signal.
 *
 * @param argv - the arguments after the program's name
 * @returns the exit code
 * @throws CliError
 */
export async function runProxy(argv: readonly string[], { onListening }: ProxyHooks = {}): Promise<number> {
  const settings = readCommandLine(argv, packageVersion(import.meta.url));
  if (typeof settings === 'string') {
    process.stdout.write(settings);
    return 0;
  }
  const log = await createLog(settings.logLevel, settings.logFormat);
  const stopped = stopSignal();
  const proxy = await startProxy(settings, log, process.env);
  // Without files SIGHUP ends the proxy, as it does any program whose terminal is closed.
  if (proxy.reload) process.on('SIGHUP', proxy.reload);
  const tryUrl = `https://${hostAndPort(settings.bind.host ?? 'localhost', proxy.port)}/_matrix/client/versions`;
  if (onListening) onListening(tryUrl);
  else log.info(`Try it: coap ${proxy.pin === undefined ? '-k' : `--pin ${proxy.pin}`} '${tryUrl}' | jc -c2j -`);

  log.info(`Stopping on ${await stopped}: requests have ${GRACEFUL / 1000} s to finish`);
  await proxy.close(GRACEFUL);
  return 0;
}
