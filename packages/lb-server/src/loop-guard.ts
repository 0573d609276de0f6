import type { Platform } from '@lb-matrix/coap-endpoint';
import type { HttpHeaders } from '@lb-matrix/msc3079-mapper';
import { headerValue, withoutHeaders } from './headers.ts';

/** Keeps a server that is its own homeserver, by way of others too, from asking itself without end. */
export interface LoopGuard {
  /** The headers of a request with this server in its Via (RFC 9110 section 7.6.3, RFC 8768 section 5). */
  stamp(headers: HttpHeaders): [string, string][];
  /** Whether a request has come through this server before: it is answered 508. */
  hasPassed(headers: HttpHeaders): boolean;
}

/** A guard with a pseudonym that nobody else has. */
export function createLoopGuard({ randomBytes }: Pick<Platform, 'randomBytes'>): LoopGuard {
  const digits = [...randomBytes(8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const via = `1.1 lb-${digits}`;
  return {
    stamp(headers) {
      const before = headerValue(headers, 'via');
      return [...withoutHeaders(headers, 'via'), ['via', before === undefined ? via : `${before}, ${via}`]];
    },
    hasPassed: (headers) => headerValue(headers, 'via')?.includes(via) ?? false,
  };
}
