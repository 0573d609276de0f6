import { isSlidingSync } from '@lb-matrix/msc3079-mapper';
import type { FallbackReason } from './options.ts';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'DELETE']);
const MEDIA = /^\/_matrix\/client\/(?:v1|unstable\/[^/]+)\/media\//;

/** Why a request is none for low bandwidth, by what its URL and method say; `undefined` when it is one. */
export function otherWay(url: URL, method: string): FallbackReason | undefined {
  if (!/^https?:$/.test(url.protocol) || !url.pathname.startsWith('/_matrix/client/')) return 'outside';
  if (MEDIA.test(url.pathname)) return 'media';
  return METHODS.has(method.toUpperCase()) ? undefined : 'method';
}

/** PUTs with a transaction id, which a homeserver carries out once however often they come (Client-Server API, Transaction identifiers). */
const TRANSACTION = /^\/_matrix\/client\/[^?]*\/(?:send|redact|sendToDevice)\/[^/?]+\/[^/?]+(?:\?|$)/;

/** Whether a request may be sent again when it is not known to have arrived. Sliding sync may: it goes on from `pos`. */
export function isRepeatable(method: string, target: string): boolean {
  if (method === 'PUT') return TRANSACTION.test(target);
  return method === 'GET' || (method === 'POST' && isSlidingSync(target));
}
