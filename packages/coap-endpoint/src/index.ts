export type { CoapClient, ConnectOptions, Progress, RequestOptions } from './client.ts';
export { EndpointError, type EndpointErrorCode, type EndpointErrorReason } from './errors.ts';
export type { CoapRequest, CoapResponse, Handler, IncomingRequest } from './exchange.ts';
export type { DatagramPipe, PipeListener } from './pipe.ts';
export type { Platform } from './platform.ts';
export type { CoapServer, ServerOptions } from './server.ts';
export type { EndpointStats } from './stats.ts';
export type { TransmissionParameters } from './transmission.ts';
