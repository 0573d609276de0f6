import { readMember } from './json-body.ts';
import { type HttpResponse, header } from './messages.ts';

/**
 * How long a 429 or 503 wants the client to wait, in whole seconds for Max-Age (RFC 8516): Retry-After in its seconds
 * form, else Matrix's `retry_after_ms`. `undefined` when neither says so; then Max-Age's default of 60 s holds.
 */
export function retryAfter(response: HttpResponse): number | undefined {
  const seconds = header(response.headers, 'retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(seconds)) return Number(seconds);
  const ms = readMember(response.body, 'retry_after_ms');
  if (typeof ms !== 'number' || !(ms >= 0)) return undefined;
  return Math.min(Math.ceil(ms / 1000), 0xffff_ffff);
}
