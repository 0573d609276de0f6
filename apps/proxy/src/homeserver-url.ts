import { BlockList, isIP } from 'node:net';
import { UsageError } from '@lb-matrix/cli-args';

/** Where the homeserver is. */
export interface Homeserver {
  /** Scheme, host and port. */
  readonly origin: string;
  /** What stands before `/_matrix/` in its URLs; mostly nothing. */
  readonly prefix: string;
  /** On this machine or in a private network, as far as its URL alone tells. */
  readonly isPrivate: boolean;
}

/**
 * Reads the URL of `--local`.
 *
 * @throws UsageError
 */
export function parseHomeserver(text: string): Homeserver {
  const url = parseHttpUrl(text, '--local');
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, ''), isPrivate: isPrivateHost(url.hostname) };
}

/**
 * An http or https URL without credentials, query and fragment.
 *
 * @throws UsageError that names the flag
 */
export function parseHttpUrl(text: string, flag: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${flag} '${text}' is not an http or https URL such as http://localhost:8008`);
  }
  if (url.username + url.password + url.search + url.hash !== '') {
    throw new UsageError(`${flag} takes scheme, host, port and path, nothing else`);
  }
  return url;
}

/** Loopback, private, link-local and unique local addresses (RFC 1918, RFC 3927, RFC 4193, RFC 4291). */
const PRIVATE = new BlockList();
PRIVATE.addSubnet('127.0.0.0', 8);
PRIVATE.addSubnet('10.0.0.0', 8);
PRIVATE.addSubnet('172.16.0.0', 12);
PRIVATE.addSubnet('192.168.0.0', 16);
PRIVATE.addSubnet('169.254.0.0', 16);
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** A name other than localhost may be anywhere (RFC 6761 section 6.3), so it is not taken for private. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(host);
  if (family === 0) return host === 'localhost' || host.endsWith('.localhost');
  return PRIVATE.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
