import { Code, ContentFormat, findOption, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import type { CoapResponse, Handler, IncomingRequest, Observation } from '@lb-matrix/coap-endpoint';
import { reply, text } from '../../../../packages/coap-endpoint/test/support/td-coap4-resources.ts';

const OCTETS = uintOption(OptionNumber.ContentFormat, ContentFormat.OctetStream);

/** Who observes one resource. */
class Observers {
  readonly #observations: Set<Observation> = new Set();

  /** Takes in whoever wants to be told. */
  add(request: IncomingRequest): void {
    const observation = request.observe();
    if (observation === undefined) return;
    this.#observations.add(observation);
    observation.signal.addEventListener('abort', () => this.#observations.delete(observation));
  }

  notify(response: CoapResponse, confirmable = true): void {
    for (const observation of this.#observations) void observation.notify(response, { confirmable });
  }
}

/** Adds the resources that change several times a second. */
export function startTicking(handlers: Map<string, Handler>): { stop(): void } {
  let n = 0;
  const tick = (): CoapResponse => text(`tick ${n}`);
  const resources = [
    { path: 'obs', state: tick, confirmable: true },
    { path: 'obs-non', state: tick, confirmable: false },
    { path: 'obs-large', state: () => text(String(n % 10).repeat(3000)), confirmable: true },
  ].map((resource) => ({ ...resource, observers: new Observers() }));
  for (const { path, state, observers } of resources) {
    handlers.set(path, (request) => {
      observers.add(request);
      return state();
    });
  }
  const timer = setInterval(() => {
    n++;
    for (const { state, confirmable, observers } of resources) observers.notify(state(), confirmable);
  }, 300);
  return { stop: () => clearInterval(timer) };
}

/** A resource that changes when somebody puts or deletes it. */
export function observed(): Handler {
  const observers = new Observers();
  let state: CoapResponse = reply(Code.NotFound);
  return (request) => {
    const { code, options, payload } = request;
    if (code === Code.GET) {
      observers.add(request);
      return state;
    }
    const format = findOption(options, OptionNumber.ContentFormat) ?? OCTETS;
    state = code === Code.DELETE ? reply(Code.NotFound) : reply(Code.Content, [format], payload);
    observers.notify(state);
    return reply(code === Code.DELETE ? Code.Deleted : Code.Changed);
  };
}
