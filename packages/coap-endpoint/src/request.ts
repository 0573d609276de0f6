import type { IncomingRequest } from './exchange.ts';
import type { Observation } from './observation.ts';
import type { DatagramPipe } from './pipe.ts';

/** A request as the handler has it. */
export class Request implements IncomingRequest {
  readonly code: number;
  readonly options: IncomingRequest['options'];
  readonly payload: Uint8Array;
  readonly session: object;
  readonly acknowledge: () => void;
  readonly observe: () => Observation | undefined;
  readonly #pipe: DatagramPipe;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(
    request: Pick<IncomingRequest, 'code' | 'options' | 'payload'>,
    pipe: DatagramPipe,
    commands: Pick<IncomingRequest, 'acknowledge' | 'observe'>,
  ) {
    this.code = request.code;
    this.options = request.options;
    this.payload = request.payload;
    this.session = pipe;
    this.acknowledge = commands.acknowledge;
    this.observe = commands.observe;
    this.#pipe = pipe;
  }

  get peer(): IncomingRequest['peer'] {
    return this.#pipe.peer;
  }

  /** Made on demand: most handlers do not look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}
