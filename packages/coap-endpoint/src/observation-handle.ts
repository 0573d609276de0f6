import type { CoapResponse } from './exchange.ts';
import type { NotificationOutcome, NotifyOptions, Observation, ObservationEnd } from './observation.ts';

interface Commands {
  notify(response: CoapResponse, options: NotifyOptions): Promise<NotificationOutcome>;
  end(response: CoapResponse | undefined): void;
  /** Asks for a call of `hear`. */
  listen(): void;
}

/** An observation as the handler has it. */
export class ObservationHandle implements Observation {
  readonly established: Promise<NotificationOutcome>;
  /** The answer to the registration has this outcome. */
  readonly establish: (outcome: NotificationOutcome) => void;
  readonly #commands: Commands;
  readonly #listeners: (() => void)[] = [];
  #controller: AbortController | undefined;
  #reason: ObservationEnd | undefined;

  constructor(commands: Commands) {
    this.#commands = commands;
    let establish: ObservationHandle['establish'] = () => {};
    this.established = new Promise((resolve) => {
      establish = resolve;
    });
    this.establish = establish;
  }

  notify(response: CoapResponse, options: NotifyOptions = {}): Promise<NotificationOutcome> {
    return this.#commands.notify(response, options);
  }

  heard(): Promise<void> {
    if (this.#reason !== undefined) return Promise.resolve();
    this.#commands.listen();
    return new Promise((resolve) => this.#listeners.push(resolve));
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

  /** A message of the client has arrived. */
  hear(): void {
    for (const resolve of this.#listeners.splice(0)) resolve();
  }

  abort(reason: ObservationEnd): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.hear();
  }
}
