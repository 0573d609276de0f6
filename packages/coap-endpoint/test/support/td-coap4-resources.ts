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
import type { CoapResponse, Handler, IncomingRequest } from '../../src/index.ts';

const encoder = new TextEncoder();
const NONE = new Uint8Array();

/**
 * The resources of the ETSI test descriptions for CoAP (td-coap4) that nobody observes, by path. `large` is a body above any
 * datagram, `late` resolves when /separate is to be answered.
 */
export function tdCoap4Resources(large: Uint8Array, late: () => Promise<void>): Map<string, Handler> {
  const created = stored();
  const create: Handler = (request) => {
    created(request);
    return reply(Code.Created, named(OptionNumber.LocationPath, 'large-create', '1'));
  };
  return new Map<string, Handler>([
    ['test', test],
    ['separate', () => late().then(() => text('late'))],
    ['seg1/seg2/seg3', () => text('deep')],
    ['query', ({ options }) => text((stringValues(options, OptionNumber.UriQuery) ?? []).join('&'))],
    ['location-query', () => reply(Code.Created, named(OptionNumber.LocationQuery, 'first=1', 'second=2'))],
    ['multi-format', multiFormat],
    ['validate', validated()],
    ['create1', createdOnce()],
    ['large', () => reply(Code.Content, [format(ContentFormat.TextPlain)], large)],
    ['large-update', stored()],
    ['large-create', create],
    ['large-create/1', created],
    ['large-post', toUpperCase],
  ]);
}

/** Answers by path. */
export function serving(resources: ReadonlyMap<string, Handler>): Handler {
  return (request) => {
    const path = (stringValues(request.options, OptionNumber.UriPath) ?? []).join('/');
    return resources.get(path)?.(request) ?? reply(Code.NotFound);
  };
}

export function reply(code: number, options: readonly CoapOption[] = [], payload: Uint8Array = NONE): CoapResponse {
  return { code, options, payload };
}

function format(number: number): CoapOption {
  return uintOption(OptionNumber.ContentFormat, number);
}

export function text(payload: string, ...options: CoapOption[]): CoapResponse {
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

function toUpperCase({ payload }: IncomingRequest): CoapResponse {
  const upper = new TextDecoder().decode(payload).toUpperCase();
  return reply(Code.Changed, [format(ContentFormat.OctetStream)], encoder.encode(upper));
}

/** A body that is replaced. */
function stored(): (request: IncomingRequest) => CoapResponse {
  let body: Uint8Array = NONE;
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
