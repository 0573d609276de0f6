import {
  type CoapOption,
  Code,
  ContentFormat,
  findOption,
  findOptions,
  OptionNumber,
  opaqueOption,
  stringOption,
  stringValues,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import type { CoapResponse, Handler, IncomingRequest, Observation, Platform } from '../../src/index.ts';

const encoder = new TextEncoder();
const NONE = new Uint8Array();
/** How often what is observed changes, and how long /separate takes, in milliseconds. */
const EVERY = 5000;
const LATE = 2000;

/** A body above any datagram: lines that tell where they stand. */
export const LARGE: Uint8Array = encoder.encode(
  Array.from({ length: 160 }, (_, i) => `${String(i).padStart(15, '0')}\n`).join(''),
);

/** The resources of the ETSI test descriptions for CoAP (td-coap4), as a handler. */
export function tdCoap4Resources(platform: Pick<Platform, 'setTimer'>): Handler {
  const created = stored(NONE);
  const observed = (confirmable: boolean, bodyOf: (n: number) => string) => observable(platform, confirmable, bodyOf);
  const obs = observed(true, String);
  const resources = new Map<string, Handler>([
    ['test', test],
    ['separate', () => new Promise((resolve) => platform.setTimer(LATE, () => resolve(text('late'))))],
    ['seg1/seg2/seg3', () => text('deep')],
    ['query', ({ options }) => text((stringValues(options, OptionNumber.UriQuery) ?? []).join('&'))],
    ['location-query', () => reply(Code.Created, named(OptionNumber.LocationQuery, 'first=1', 'second=2'))],
    ['multi-format', multiFormat],
    ['validate', validated()],
    ['create1', createdOnce()],
    ['large', () => reply(Code.Content, [format(ContentFormat.TextPlain)], LARGE)],
    ['large-update', stored(NONE)],
    [
      'large-create',
      (request) => {
        created(request);
        return reply(Code.Created, named(OptionNumber.LocationPath, 'large-create', '1'));
      },
    ],
    ['large-create/1', created],
    ['large-post', ({ payload }) => reply(Code.Changed, [format(ContentFormat.OctetStream)], payload.toReversed())],
    ['obs', obs.handler],
    // OBS_04: the server loses what it knows of its observers.
    ['obs-reset', () => obs.forget()],
    ['obs-non', observed(false, String).handler],
    ['obs-large', observed(true, (n) => String(n).padEnd(2500, '.')).handler],
    ['obs-pumping', observed(true, (n) => String(n).padEnd(n % 2 === 0 ? 2500 : 10, '.')).handler],
  ]);
  return (request) => {
    const path = (stringValues(request.options, OptionNumber.UriPath) ?? []).join('/');
    return resources.get(path)?.(request) ?? reply(Code.NotFound);
  };
}

function reply(code: number, options: readonly CoapOption[] = [], payload: Uint8Array = NONE): CoapResponse {
  return { code, options, payload };
}

function format(number: number): CoapOption {
  return uintOption(OptionNumber.ContentFormat, number);
}

function text(payload: string, ...options: CoapOption[]): CoapResponse {
  return reply(Code.Content, [...options, format(ContentFormat.TextPlain)], encoder.encode(payload));
}

function named(number: number, ...values: string[]): CoapOption[] {
  return values.map((value) => stringOption(number, value));
}

function test({ code }: IncomingRequest): CoapResponse {
  switch (code) {
    case Code.GET:
      return text('test');
    case Code.PUT:
      return reply(Code.Changed);
    case Code.DELETE:
      return reply(Code.Deleted);
    default:
      return reply(Code.Created, named(OptionNumber.LocationPath, 'location1', 'location2', 'location3'));
  }
}

function multiFormat({ options }: IncomingRequest): CoapResponse {
  const xml = uintValue(options, OptionNumber.Accept) === ContentFormat.Xml;
  return xml ? reply(Code.Content, [format(ContentFormat.Xml)], encoder.encode('<text/>')) : text('text');
}

/** A body that is replaced. */
function stored(first: Uint8Array): (request: IncomingRequest) => CoapResponse {
  let body = first;
  return ({ code, payload }) => {
    if (code === Code.GET) return reply(Code.Content, [format(ContentFormat.OctetStream)], body);
    body = payload;
    return reply(Code.Changed);
  };
}

/** A body with an ETag (RFC 7252 sections 5.10.6 and 5.10.8.1). */
function validated(): Handler {
  let body = 'at first';
  let version = 1;
  return ({ code, options, payload }) => {
    const names = (number: number) =>
      findOptions(options, number).some(({ value }) => String(value) === String(version));
    if (code === Code.PUT) {
      if (findOption(options, OptionNumber.IfMatch) !== undefined && !names(OptionNumber.IfMatch)) {
        return reply(Code.PreconditionFailed);
      }
      body = new TextDecoder().decode(payload);
      version++;
      return reply(Code.Changed);
    }
    const etag = opaqueOption(OptionNumber.ETag, Uint8Array.of(version));
    return names(OptionNumber.ETag) ? reply(Code.Valid, [etag]) : text(body, etag);
  };
}

/** A resource that can be made once (RFC 7252 section 5.10.8.2). */
function createdOnce(): Handler {
  let exists = false;
  return ({ options }) => {
    if (exists && findOption(options, OptionNumber.IfNoneMatch) !== undefined) return reply(Code.PreconditionFailed);
    const code = exists ? Code.Changed : Code.Created;
    exists = true;
    return reply(code);
  };
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
