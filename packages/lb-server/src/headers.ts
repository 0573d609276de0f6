import type { HttpHeaders } from '@lb-matrix/msc3079-mapper';

/** RFC 9110 section 7.6.1: what concerns one connection; Connection itself names further ones. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What says who asks and whom: ours to say, never the client's. Expect is answered by the HTTP server in front. */
const OURS = /^(?:forwarded|x-forwarded-.*|x-real-ip|host|expect)$/;

/**
 * The headers of a client's HTTP request as a reverse proxy passes them on: without those of the connection, without
 * Host, and without a word of the client's on where it comes from.
 *
 * @param clientAddress - goes out as X-Forwarded-For; leave it out for a homeserver that should not learn it
 */
export function forwardRequestHeaders(headers: HttpHeaders, clientAddress?: string): [string, string][] {
  const forwarded = forwardHeaders(headers).filter(([name]) => !OURS.test(name));
  if (clientAddress !== undefined) forwarded.push(['x-forwarded-for', clientAddress]);
  return forwarded;
}

/** The headers of an answer as a reverse proxy passes them back: without those of the connection. */
export function forwardResponseHeaders(headers: HttpHeaders): [string, string][] {
  return forwardHeaders(headers);
}

function forwardHeaders(headers: HttpHeaders): [string, string][] {
  const dropped = new Set(HOP_BY_HOP);
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const named of value.split(',')) dropped.add(named.trim().toLowerCase());
  }
  const kept: [string, string][] = [];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (!dropped.has(lower)) kept.push([lower, value]);
  }
  return kept;
}

/** The headers without those of the given names (in lower case). */
export function withoutHeaders(headers: HttpHeaders, ...names: readonly string[]): [string, string][] {
  return headers.filter(([name]) => !names.includes(name.toLowerCase())).map(([name, value]) => [name, value]);
}

/** The values of all headers of this name (in lower case) as one list (RFC 9110 section 5.3); `undefined` when there is none. */
export function headerValue(headers: HttpHeaders, name: string): string | undefined {
  const values = headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}
