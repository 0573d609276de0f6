import type { Agreement } from './agreement.ts';
import type { IncomingRequest } from './exchange.ts';
import type { Observation } from './observation.ts';
import type { DatagramPipe } from './pipe.ts';

/** What a handler may do with a request, by its id. */
export interface RequestCommands {
  acknowledge(id: number): void;
  observe(id: number): Observation | undefined;
  agree(agreement: Agreement): void;
}

/** A request as the handler has it. */
export class Request implements IncomingRequest {
  readonly code: number;
  readonly options: IncomingRequest['options'];
  readonly payload: Uint8Array;
  readonly session: object;
  readonly #id: number;
  readonly #pipe: DatagramPipe;
  readonly #commands: RequestCommands;
  #controller: AbortController | undefined;
  #aborted = false;

  constructor(
    request: Pick<IncomingRequest, 'code' | 'options' | 'payload'> & { readonly id: number },
    pipe: DatagramPipe,
    commands: RequestCommands,
  ) {
    this.code = request.code;
    this.options = request.options;
    this.payload = request.payload;
    this.session = pipe;
    this.#id = request.id;
    this.#pipe = pipe;
    this.#commands = commands;
  }

  acknowledge(): void {
    this.#commands.acknowledge(this.#id);
  }

  observe(): Observation | undefined {
    return this.#commands.observe(this.#id);
  }

  agree(agreement: Agreement): void {
    this.#commands.agree(agreement);
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
