import { isIP } from 'node:net';
import { UsageError } from '@lb-matrix/cli-args';

/** Default ports by scheme; the schemes that `coap` knows. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['coap', 5683],
  ['coaps', 5684],
  ['http', 80],
  ['https', 443],
]);

/** Where a request goes, from the URL on the command line. */
export interface Location {
  /** DTLS; plain UDP only for `coap:`. */
  readonly secure: boolean;
  /** Lower case, an international name in its ASCII form; an IPv6 literal without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query as they are written, in visible ASCII, starting with `/`. */
  readonly target: string;
  /** The request is Matrix (MSC3079): an HTTP URL, or a path under /_matrix/. Everything else is CoAP as it is. */
  readonly matrix: boolean;
  /** The same URL with the scheme `coap` or `coaps`. */
  readonly uri: string;
}

/**
 * Takes the URL apart without touching its path: dot segments and percent-encoding stay for the request to carry exactly.
 * What a URL cannot hold (a space, `é`) is percent-encoded.
 *
 * @throws UsageError that says how to write it
 */
export function parseLocation(url: string): Location {
  const match =
    /^([a-z][a-z\d+.-]*):\/\/(\[[\da-f:.]+\]|[^/?#:@[\]]+)(?::(\d*))?([/?][^#]*)?(#.*)?$/i.exec(url) ?? malformed(url);
  const [, scheme, name, port, rest = '/', fragment] = match;
  const defaultPort = PORTS.get(scheme!.toLowerCase());
  if (defaultPort === undefined) {
    throw new UsageError(`${scheme}:// is not supported: use ${[...PORTS.keys()].join('://, ')}://`);
  }
  if (fragment !== undefined) throw new UsageError(`a # ends the path: write it as %23 in '${url}'`);

  const number = port === undefined || port === '' ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) throw new UsageError(`${port} is not a port (1-65535)`);
  const host = asciiHost(url, name!);
  const target = (rest.startsWith('/') ? rest : `/${rest}`).replace(/[^!-~]+/g, encodeURIComponent);
  const secure = scheme!.toLowerCase() !== 'coap';
  return {
    secure,
    host,
    port: number,
    target,
    matrix: /^https?$/i.test(scheme!) || target.startsWith('/_matrix/'),
    uri: `${secure ? 'coaps' : 'coap'}://${isIP(host) === 6 ? `[${host}]` : host}:${number}${target}`,
  };
}

function malformed(url: string): never {
  if (url.includes('://')) throw new UsageError(`'${url}' is not a URL: write it as https://host:8008/path`);
  throw new UsageError(`'${url}' has no scheme: write it as https://${url}`);
}

function asciiHost(url: string, name: string): string {
  if (!URL.canParse(`http://${name}`)) malformed(url);
  return new URL(`http://${name}`).hostname.replace(/^\[|\]$/g, '');
}
