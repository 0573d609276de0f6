import { Code, findOptions, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import type { CoapResponse, Handler, Observation, Platform } from '../../src/index.ts';
import { reply, serving, tdCoap4Resources, text } from './td-coap4-resources.ts';

/** How often what is observed changes, and how long /separate takes, in milliseconds. */
const EVERY = 5000;
const LATE = 2000;

/** A body above any datagram: lines that tell where they stand. */
export const LARGE: Uint8Array = new TextEncoder().encode(
  Array.from({ length: 160 }, (_, i) => `${String(i).padStart(15, '0')}\n`).join(''),
);

/** The resources of the ETSI test descriptions, as a handler; those that are observed change in the platform's time. */
export function tdCoap4Handler(platform: Pick<Platform, 'setTimer'>): Handler {
  const observed = (confirmable: boolean, bodyOf: (n: number) => string) => observable(platform, confirmable, bodyOf);
  const obs = observed(true, String);
  const late = () => new Promise<void>((resolve) => void platform.setTimer(LATE, resolve));
  return serving(
    new Map([
      ...tdCoap4Resources(LARGE, late),
      ['obs', obs.handler],
      // OBS_04: the server loses what it knows of its observers.
      ['obs-reset', () => obs.forget()],
      ['obs-non', observed(false, String).handler],
      ['obs-large', observed(true, (n) => String(n).padEnd(2500, '.')).handler],
      ['obs-pumping', observed(true, (n) => String(n).padEnd(n % 2 === 0 ? 2500 : 10, '.')).handler],
    ]),
  );
}

/** A resource that changes by itself as long as it is observed, and by PUT and DELETE. */
function observable(
  platform: Pick<Platform, 'setTimer'>,
  confirmable: boolean,
  bodyOf: (n: number) => string,
): { handler: Handler; forget: () => CoapResponse } {
  const observers = new Set<Observation>();
  const maxAge = uintOption(OptionNumber.MaxAge, EVERY / 1000);
  let count = 0;
  let state = text(bodyOf(0), maxAge);
  let ticking = false;
  const change = (next: CoapResponse): CoapResponse => {
    state = next;
    for (const observer of observers) observer.notify(next, { confirmable });
    return reply(next.code === Code.NotFound ? Code.Deleted : Code.Changed);
  };
  const tick = () => {
    ticking = observers.size > 0;
    if (!ticking) return;
    change(text(bodyOf(++count), maxAge));
    platform.setTimer(EVERY, tick);
  };
  const handler: Handler = (request) => {
    if (request.code === Code.PUT) {
      const formats = findOptions(request.options, OptionNumber.ContentFormat);
      return change(reply(Code.Content, [...formats, maxAge], request.payload));
    }
    if (request.code === Code.DELETE) return change(reply(Code.NotFound));
    const observer = request.observe();
    if (observer !== undefined) {
      observers.add(observer);
      observer.signal.addEventListener('abort', () => observers.delete(observer));
      if (!ticking) platform.setTimer(EVERY, tick);
      ticking = true;
    }
    return state;
  };
  const forget = (): CoapResponse => {
    for (const observer of observers) observer.end();
    return reply(Code.Changed);
  };
  return { handler, forget };
}
