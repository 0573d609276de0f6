import { isLoopback } from './loopback.ts';

/**
 * Whether a Host header names us. A page of another site whose name was made to lead to 127.0.0.1 (DNS rebinding) is of our origin to the
 * browser, but it cannot change what Host says.
 */
export function isOurHost(host: string | undefined, allowedHosts: readonly string[]): boolean {
  if (host === undefined) return false;
  // RFC 9110 section 7.2: uri-host [ ":" port ]
  const name = (/^(?:\[([0-9a-f:.]+)\]|([^:[\]@/?#]+))(?::\d*)?$/i.exec(host) ?? []).slice(1).find(Boolean);
  return name !== undefined && (isLoopback(name.toLowerCase()) || allowedHosts.includes(name.toLowerCase()));
}
