import { EngineTimer } from './engine-timer.ts';

/** What a driver asks of an engine, beside its commands. */
interface Driven<Event> {
  pollEvent(): Event | undefined;
  pollTimeout(): number | undefined;
}

/** What becomes of what an engine has to say. */
interface Owner<Event> {
  onEvent(event: Event, now: number): void;
  /** Sends the engine's datagrams. */
  flush(): void;
  /** The engine's deadline has passed. */
  onTimeout(): void;
}

/** Calls an engine at the time that it is, and does all that follows: its events, its datagrams, its next deadline. */
export class EngineDriver<Event> {
  readonly #engine: Driven<Event>;
  readonly #owner: Owner<Event>;
  readonly #timer: EngineTimer;
  #isPumping = false;

  constructor(engine: Driven<Event>, owner: Owner<Event>) {
    this.#engine = engine;
    this.#owner = owner;
    this.#timer = new EngineTimer(() => owner.onTimeout());
  }

  /** One call of the engine, and all that follows from it. */
  step(call: (now: number) => void): void {
    const now = performance.now();
    call(now);
    this.#pump(now);
    this.#owner.flush();
    this.#timer.set(this.#engine.pollTimeout());
  }

  /** No deadline counts any more. */
  stop(): void {
    this.#timer.stop();
  }

  #pump(now: number): void {
    if (this.#isPumping) return; // whom an event was told has called us: the loop below goes on after it
    this.#isPumping = true;
    try {
      for (let event = this.#engine.pollEvent(); event !== undefined; event = this.#engine.pollEvent()) {
        this.#owner.onEvent(event, now);
      }
    } finally {
      this.#isPumping = false;
    }
  }
}
