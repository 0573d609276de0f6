/** One finished exchange, for logs and metrics: no bodies, no tokens, no query. */
export interface ExchangeRecord {
  readonly transport: 'coap' | 'http';
  /** `GET`, ...; a CoAP code such as `0.05` where no HTTP method corresponds. */
  readonly method: string;
  /** The path in full, percent-encoded; for a request that was refused as it came, what its options say. */
  readonly path: string;
  /** HTTP status of the answer; 499 when the client did not wait for it. */
  readonly status: number;
  /** Bytes of the bodies as the client sent and gets them. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly milliseconds: number;
  readonly peer: { readonly address: string; readonly port: number } | undefined;
  /** Why the answer is not the homeserver's: what the upstream threw, for example. */
  readonly error?: unknown;
}
