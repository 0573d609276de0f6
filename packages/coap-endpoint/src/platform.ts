/**
 * What the drivers need from the outside. `nodePlatform` of `@lb-matrix/coap-endpoint/node` is Node's; tests bring
 * virtual time.
 */
export interface Platform {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Calls `fn` once after `ms` milliseconds; the returned function cancels that. */
  setTimer(ms: number, fn: () => void): () => void;
  /** `length` unpredictable bytes. */
  randomBytes(length: number): Uint8Array;
}
