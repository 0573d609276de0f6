import {
  type CoapOption,
  Code,
  findOption,
  findOptions,
  OptionNumber,
  opaqueOption,
  stringOption,
  stringValues,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import {
  type CoapResponse,
  type Handler,
  type IncomingRequest,
  listen,
  type PipeListener,
} from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { observed, startTicking } from './our-observed.ts';
import { bytes, NONE, OCTETS, reply, TEXT } from './reply.ts';
import { tapListener, type Wire } from './trace.ts';

/** Serves the resources of the ETSI test descriptions, with fresh contents, on a listener; what crosses the wire is in `wire`. */
export function serveResources(listener: PipeListener, wire: Wire): { close(): Promise<void> } {
  const handlers = resources();
  const ticking = startTicking(handlers);
  const server = listen(tapListener(listener, wire), {
    platform: nodePlatform,
    handler(request) {
      const path = (stringValues(request.options, OptionNumber.UriPath) ?? []).join('/');
      return handlers.get(path)?.(request) ?? reply(Code.NotFound);
    },
  });
  return {
    close() {
      ticking.stop();
      return server.close();
    },
  };
}

function resources(): Map<string, Handler> {
  const created = stored();
  const create: Handler = (request) => {
    created(request);
    return reply(Code.Created, NONE, ...locations(OptionNumber.LocationPath, 'large-create', '1'));
  };
  const toUpperCase: Handler = ({ payload }) =>
    reply(Code.Changed, bytes(new TextDecoder().decode(payload).toUpperCase()), OCTETS);
  return new Map<string, Handler>([
    ['test', test],
    ['separate', () => new Promise((resolve) => setTimeout(resolve, 1000, reply(Code.Content, bytes('late'))))],
    ['seg1/seg2/seg3', () => reply(Code.Content, bytes('deep'))],
    ['query', ({ options }) => reply(Code.Content, bytes(stringValues(options, OptionNumber.UriQuery)!.join('&')))],
    [
      'location-query',
      () => reply(Code.Created, NONE, ...locations(OptionNumber.LocationQuery, 'first=1', 'second=2')),
    ],
    ['multi-format', multiFormat],
    ['validate', validated()],
    ['create1', createdOnce()],
    ['large', () => reply(Code.Content, bytes('0123456789abcdef'.repeat(4096)), OCTETS)],
    ['large-update', stored()],
    ['large-create', create],
    ['large-create/1', created],
    ['large-post', toUpperCase],
    ['obs-still', observed()],
  ]);
}

const locations = (number: number, ...values: string[]): CoapOption[] =>
  values.map((value) => stringOption(number, value));

function test({ code }: IncomingRequest): CoapResponse {
  switch (code) {
    case Code.GET:
      return reply(Code.Content, bytes('test'));
    case Code.PUT:
      return reply(Code.Changed);
    case Code.DELETE:
      return reply(Code.Deleted);
    default:
      return reply(Code.Created, NONE, ...locations(OptionNumber.LocationPath, 'location1', 'location2', 'location3'));
  }
}

function multiFormat({ options }: IncomingRequest): CoapResponse {
  const xml = uintValue(options, OptionNumber.Accept) === 41;
  return xml
    ? reply(Code.Content, bytes('<text/>'), uintOption(OptionNumber.ContentFormat, 41))
    : reply(Code.Content, bytes('text'));
}

/** A body that PUT and POST replace. */
function stored(): (request: IncomingRequest) => CoapResponse {
  let body: Uint8Array = NONE;
  return ({ code, payload }) => {
    if (code === Code.GET) return reply(Code.Content, body, OCTETS);
    body = payload;
    return reply(Code.Changed);
  };
}

/** A body with an ETag (RFC 7252 sections 5.10.6 and 5.10.8.1). */
function validated(): Handler {
  let body = bytes('at first');
  let version = 1;
  return ({ code, options, payload }) => {
    const etag = Uint8Array.of(version);
    const names = (number: number): boolean =>
      findOptions(options, number).some(({ value }) => Buffer.compare(value, etag) === 0);
    if (code === Code.PUT) {
      if (findOption(options, OptionNumber.IfMatch) !== undefined && !names(OptionNumber.IfMatch)) {
        return reply(Code.PreconditionFailed);
      }
      body = payload;
      version++;
      return reply(Code.Changed);
    }
    const tag = opaqueOption(OptionNumber.ETag, etag);
    return names(OptionNumber.ETag) ? reply(Code.Valid, NONE, tag) : reply(Code.Content, body, tag, TEXT);
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
