import type { EndpointError } from './errors.ts';
import type { CoapResponse } from './exchange.ts';

interface Reader {
  resolve(result: IteratorResult<CoapResponse, undefined>): void;
  reject(error: EndpointError): void;
}

/** The states of an observed resource, for one reader: of those that it has not read yet only the newest. */
export class NotificationStream implements AsyncIterableIterator<CoapResponse, undefined> {
  readonly #onNext: () => void;
  readonly #onReturn: () => void;
  readonly #readers: Reader[] = [];
  #newest: CoapResponse | undefined;
  #ended = false;
  #error: EndpointError | undefined;

  /** `onNext` is called when the reader is done with what it has read, `onReturn` when it wants no more. */
  constructor(onNext: () => void, onReturn: () => void) {
    this.#onNext = onNext;
    this.#onReturn = onReturn;
  }

  /** A new state. */
  push(response: CoapResponse): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#newest = response;
    else reader.resolve({ value: response, done: false });
  }

  /** No more states: at the end of what there is, or with an error. */
  end(error?: EndpointError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.#finish(reader);
  }

  next(): Promise<IteratorResult<CoapResponse, undefined>> {
    this.#onNext();
    return new Promise((resolve, reject) => {
      const value = this.#newest;
      this.#newest = undefined;
      if (value !== undefined) resolve({ value, done: false });
      else if (this.#ended) this.#finish({ resolve, reject });
      else this.#readers.push({ resolve, reject });
    });
  }

  async return(): Promise<IteratorResult<CoapResponse, undefined>> {
    this.#newest = undefined;
    this.end();
    this.#onReturn();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The error is told once. */
  #finish({ resolve, reject }: Reader): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) resolve({ value: undefined, done: true });
    else reject(error);
  }
}
