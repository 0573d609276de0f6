import { readFile } from 'node:fs/promises';
import { CliError, hostAndPort, openKeyLog } from '@lb-matrix/cli-args';
import { readPemCertificates } from '@lb-matrix/dtls-transport';
import { createLowBandwidthFetch } from '@lb-matrix/lb-client/node';
import type { ClientProxySettings } from './command-line.ts';
import { listenHttp } from './http-listener.ts';
import { createHttpsWay } from './https-way.ts';
import { listenError } from './listen-error.ts';
import type { Log } from './log.ts';
import { createStatus } from './status/status.ts';

/** A client proxy that listens. */
export interface RunningClientProxy {
  /** Where clients find it, `http://127.0.0.1:8008`. */
  readonly url: string;
  /** Takes nothing new, lets requests finish for `graceful` milliseconds, and ends the connections to the server. */
  close(graceful: number): Promise<void>;
}

/**
 * Starts a client proxy and logs where it listens.
 *
 * @throws CliError for what the user can mend: a certificate file, a port that is taken
 */
export async function startClientProxy(
  settings: ClientProxySettings,
  log: Log,
  env: NodeJS.ProcessEnv,
): Promise<RunningClientProxy> {
  const { homeserver, bind, keepAlive } = settings;
  const keyLog = openKeyLog(env.SSLKEYLOGFILE, (error) => log.error('Key log line lost', { error: String(error) }));
  const fetch = createLowBandwidthFetch({
    server: homeserver.server,
    observe: settings.observe,
    trims: settings.trims,
    compression: settings.compression,
    dangerouslySkipVerification: settings.insecure,
    pins: settings.pins,
    roots: settings.cacert === undefined ? undefined : await readRoots(settings.cacert),
    keepAlive:
      keepAlive === undefined ? undefined : { first: keepAlive, longest: Math.max(keepAlive, LONGEST_SILENCE) },
    keyLog,
    onFallback: ({ method, url, reason, error }) => {
      // Somebody may be in between, so it is to be seen.
      const level = reason === 'pin_mismatch' ? 'warn' : 'debug';
      log[level](`${method} ${new URL(url).pathname} goes over HTTP: ${reason}`, {
        ...(error === undefined ? {} : { error: describe(error) }),
      });
    },
  });
  const status = createStatus({ fetch, homeserver: homeserver.origin });
  const https = createHttpsWay(homeserver.origin);
  const listener = await listenHttp({ ...settings, fetch, https, status, log }).catch(async (error) => {
    await fetch.close();
    throw listenError(error, hostAndPort(bind.host ?? '', bind.port));
  });

  const url = `http://${hostAndPort(bind.host ?? '127.0.0.1', listener.port)}`;
  const { server } = homeserver;
  const over = server === undefined ? 'where its /versions says' : `over ${hostAndPort(server.host, server.port)}/udp`;
  log.info(`Listening on ${url} to speak low bandwidth with ${homeserver.origin}, ${over}`);
  for (const warning of settings.warnings) log.warn(warning);
  if (keyLog) log.warn(`Session secrets are written to ${env.SSLKEYLOGFILE} (SSLKEYLOGFILE)`);
  log.info(`How it goes: ${url}/_lb/`);
  fetch.connection.onState((state) => log.info(`Connection: ${state}`));

  return {
    url,
    async close(graceful) {
      await listener.close(graceful);
      https.close();
      await fetch.close();
    },
  };
}

/** The longest silence that is tried when `LB_KEEP_ALIVE_TIMEOUT_SECS` says where to begin: lb-client's own. */
const LONGEST_SILENCE = 300_000;

async function readRoots(path: string): Promise<Uint8Array[]> {
  try {
    return readPemCertificates(await readFile(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(`--cacert ${path}: ${code === 'ENOENT' ? 'no such file' : message}`, 1, { cause: error });
  }
}

function describe(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
