import type { HttpResponse } from '@lb-matrix/lb-server';
import type { Dispatcher } from 'undici';
import { asHomeserverError, HomeserverError } from './homeserver-error.ts';

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/** What is asked of a response. */
interface Wanted {
  /** For errors. */
  readonly origin: string;
  /** Of the body. */
  readonly maxBytes: number;
  /** Ends the request. */
  readonly signal: AbortSignal;
}

/**
 * Sends a request and takes its response whole and without content coding. Small ones are many, and the streams of
 * `Dispatcher.request` would cost more than all else that is done for them. Rejects with `HomeserverError`.
 */
export function requestWhole(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  wanted: Wanted,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new WholeResponse(wanted, resolve, reject));
  });
}

class WholeResponse implements Dispatcher.DispatchHandler {
  readonly #wanted: Wanted;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: HomeserverError) => void;
  #status = 0;
  #headers: [string, string][] = [];
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(wanted: Wanted, resolve: (response: HttpResponse) => void, reject: (error: HomeserverError) => void) {
    this.#wanted = wanted;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { signal } = this.#wanted;
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    const { 'content-encoding': coding = 'identity' } = headers;
    if (coding !== 'identity') this.#refuse(controller, `compresses (${coding}) though it was asked not to`);
    this.#status = status;
    this.#headers = headerPairs(headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    const { maxBytes } = this.#wanted;
    this.#length += chunk.length;
    if (this.#length > maxBytes) this.#refuse(controller, `answers with over ${maxBytes} bytes`);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const { buffer, byteOffset } = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const body = new Uint8Array(buffer, byteOffset, this.#length);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(asHomeserverError(error, this.#wanted.origin));
  }

  #refuse(controller: Dispatcher.DispatchController, what: string): void {
    controller.abort(new HomeserverError(`${this.#wanted.origin} ${what}`, false));
  }
}

/** Each value of each header. */
export function headerPairs(headers: Headers): [string, string][] {
  const pairs: [string, string][] = [];
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string') pairs.push([name, value]);
    else for (const each of value ?? []) pairs.push([name, each]);
  }
  return pairs;
}
