export type { ClientPipe, ClientPlatform, ClientStorage, ConnectTarget, PipeTraffic } from './client-platform.ts';
export {
  ClosedError,
  FateUnknownError,
  LowBandwidthError,
  type LowBandwidthErrorCode,
  NetworkError,
} from './errors.ts';
export { createLowBandwidthFetch, type LowBandwidthFetch } from './low-bandwidth-fetch.ts';
export type {
  ConnectionState,
  FallbackEvent,
  FallbackReason,
  KeepAliveOptions,
  LowBandwidthFetchOptions,
} from './options.ts';
export type { LowBandwidthStats } from './stats.ts';
export type { Trims } from './trims.ts';
