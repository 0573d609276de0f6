import { hostAndPort, parseBindAddress, UsageError } from '@lb-matrix/cli-args';
import { isLoopback } from './loopback.ts';

/** Where a DTLS server is. */
interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the homeserver is. */
export interface HomeserverAddress {
  /** Scheme, host and port: where media goes, and what cannot go over low bandwidth. */
  readonly origin: string;
  /** Its low-bandwidth server; `undefined` when `/versions` is to be asked. */
  readonly server: ServerAddress | undefined;
}

/**
 * Reads `--homeserver` and `--server`. As the original has it, `HOST:PORT` without a scheme is the low-bandwidth server (and the homeserver
 * has the same host and port for TCP); a URL, or a host alone, is the homeserver, whose `/versions` names the low-bandwidth server.
 *
 * @throws UsageError
 */
export function parseHomeserverAddress(homeserver: string, server: string | undefined): HomeserverAddress {
  const named = server === undefined ? undefined : parseServer(server, '--server');
  if (/^https?:\/\//i.test(homeserver)) return { origin: parseOrigin(homeserver), server: named };
  const bare = homeserver.replace(/^coaps:\/\//i, '').replace(/\/$/, '');
  if (!/:\d+$/.test(bare)) return { origin: parseOrigin(`https://${bare}`), server: named };
  const address = parseServer(bare, '--homeserver');
  // On this machine nobody listens in, and a proxy for trying out speaks no HTTPS.
  const scheme = isLoopback(address.host) ? 'http' : 'https';
  return { origin: parseOrigin(`${scheme}://${hostAndPort(address.host, address.port)}`), server: named ?? address };
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '') {
    throw new UsageError(
      `--homeserver '${text}' is none: write matrix.example.org, localhost:8008 or https://host:port`,
    );
  }
  if (url.username + url.password + url.search + url.hash !== '' || url.pathname !== '/') {
    throw new UsageError('--homeserver takes scheme, host and port, nothing else');
  }
  return url.origin;
}

function parseServer(text: string, flag: string): ServerAddress {
  const { host, port } = parseBindAddress(text);
  if (host === undefined || port === 0) throw new UsageError(`${flag} '${text}' is no server: write localhost:8448`);
  return { host, port };
}
