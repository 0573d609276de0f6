import type { HttpResponse } from '@lb-matrix/msc3079-mapper';

/** Statuses whose responses have no body (Fetch, 2.2.3). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** A `Response` as a homeserver's over HTTP. Its body is text, which every platform's `Response` can hold. */
export function toResponse({ status, headers, body }: HttpResponse): Response {
  const text = BODILESS.has(status) ? null : new TextDecoder().decode(body);
  return new Response(text, { status, headers: headers.map(([name, value]) => [name, value]) });
}
