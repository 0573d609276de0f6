import type { HttpRequest, HttpResponse } from '@lb-matrix/msc3079-mapper';

/** A request to the homeserver: path and query as in a request line, headers in lower case, a JSON body where there is one. */
export interface UpstreamRequest extends HttpRequest {
  /** Aborted when nobody waits for the answer any more: the session ended, or the time is over. */
  readonly signal: AbortSignal;
}

/**
 * The homeserver. Resolves with any HTTP answer, its body whole and without content coding; what it throws is answered
 * as a 502.
 */
export type Upstream = (request: UpstreamRequest) => Promise<HttpResponse>;
