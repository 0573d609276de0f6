export {
  type Compression,
  type HttpHeaders,
  type HttpRequest,
  type HttpResponse,
  hasDotSegment,
  type PathPrefix,
  type PathTableVersion,
} from '@lb-matrix/msc3079-mapper';
export type { ExchangeRecord } from './exchange-record.ts';
export { fromFetch } from './from-fetch.ts';
export { forwardRequestHeaders, forwardResponseHeaders } from './headers.ts';
export { concernsLowBandwidth, type HttpContext, type HttpHandler } from './http-handler.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export { longPollTimeout } from './long-poll.ts';
export type { LoopGuard } from './loop-guard.ts';
export { matrixResponse } from './matrix-response.ts';
export type { ObservationRecord } from './observe/observation-record.ts';
export { createLowBandwidthServer, type LowBandwidthOptions, type LowBandwidthServer } from './server.ts';
export type { Upstream, UpstreamRequest } from './upstream.ts';
