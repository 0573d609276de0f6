export type { Agreement } from './agreement.ts';
export { type CoapClient, type ConnectOptions, connect, type ObserveOptions, type RequestOptions } from './client.ts';
export { Endpoint } from './endpoint.ts';
export { type EndpointOptions, type ServerRoleOptions, type SharedState, sharedState } from './endpoint-options.ts';
export { EndpointError, type EndpointErrorCode, type EndpointErrorReason } from './errors.ts';
export type { ClientEvent, EndpointEvent, Progress, ServerEvent } from './events.ts';
export type {
  CoapRequest,
  CoapResponse,
  DescribeTooLarge,
  Handler,
  IncomingRequest,
  ObserveMode,
} from './exchange.ts';
export type { NotificationOutcome, NotifyOptions, Observation, ObservationEnd } from './observation.ts';
export type { DatagramPipe, PipeListener } from './pipe.ts';
export type { Platform } from './platform.ts';
export { type CoapServer, listen, type ServerOptions, serve } from './server.ts';
export type { EndpointStats } from './stats.ts';
export type { CongestionControl } from './timing.ts';
export type { TransmissionParameters } from './transmission.ts';
