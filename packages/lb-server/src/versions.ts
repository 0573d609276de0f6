import {
  advertiseLowBandwidth,
  type HttpRequest,
  type HttpResponse,
  type LowBandwidthOffer,
} from '@lb-matrix/msc3079-mapper';
import { withoutHeaders } from './headers.ts';

/** Headers of an answer that hold for the bytes of its body alone: they go when we change those. */
export const BODY_HEADERS: readonly string[] = [
  'content-digest',
  'content-length',
  'content-md5',
  'digest',
  'etag',
  'repr-digest',
];

/** Whether the answer to this request is to name what this server offers. */
export function asksForVersions({ method, target }: HttpRequest): boolean {
  return method === 'GET' && /^\/_matrix\/client\/versions(?:\?|$)/.test(target);
}

/**
 * R25, R28: the homeserver's answer, with `m.low_bandwidth` in it where it is the answer of /versions.
 * Throws `MappingError` (`upstream`) when that is not a JSON object.
 */
export function advertise(request: HttpRequest, response: HttpResponse, offer: LowBandwidthOffer): HttpResponse {
  if (!asksForVersions(request) || response.status !== 200) return response;
  return {
    status: 200,
    headers: withoutHeaders(response.headers, ...BODY_HEADERS),
    body: advertiseLowBandwidth(response.body, offer),
  };
}
