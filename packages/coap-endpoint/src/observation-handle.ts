import type { CoapResponse } from './exchange.ts';
import type { NotificationOutcome, NotifyOptions, Observation, ObservationEnd } from './observation.ts';

interface Commands {
  notify(response: CoapResponse, options: NotifyOptions): Promise<NotificationOutcome>;
  end(response: CoapResponse | undefined): void;
}

/** An observation as the handler has it. */
export class ObservationHandle implements Observation {
  readonly #commands: Commands;
  #controller: AbortController | undefined;
  #reason: ObservationEnd | undefined;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  notify(response: CoapResponse, options: NotifyOptions = {}): Promise<NotificationOutcome> {
    return this.#commands.notify(response, options);
  }

  end(response?: CoapResponse): void {
    this.#commands.end(response);
  }

  /** Made on demand. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: ObservationEnd): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
