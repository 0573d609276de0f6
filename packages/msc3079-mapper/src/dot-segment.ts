/** What stands for itself and what for a slash, once percent-encoding of any depth is undone. */
const DISGUISED = /%(?:25)*(2e|2f|5c)/gi;

/**
 * True when a path segment is "." or "..", or becomes one for a server that decodes once too often: percent-encoded at
 * any depth (`%2e`, `%252E`), or next to a slash that is hidden inside the segment. RFC 7252 6.5 forbids the plain forms
 * in Uri-Path; the others would let a request leave /_matrix/client/ behind a lax reverse proxy.
 */
export function hasDotSegment(segment: string): boolean {
  if (!segment.includes('.') && !segment.includes('%')) return false;
  const bare = segment.replace(DISGUISED, (_, code: string) => (code.toLowerCase() === '2e' ? '.' : '/'));
  return bare
    .replaceAll('\\', '/')
    .split('/')
    .some((piece) => piece === '.' || piece === '..');
}
