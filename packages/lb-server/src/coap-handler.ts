import { codeName, codeToString, OptionNumber, stringValues } from '@lb-matrix/coap-codec';
import type { CoapResponse, DescribeTooLarge, Handler, IncomingRequest, Platform } from '@lb-matrix/coap-endpoint';
import {
  createServerSession,
  errorToCoap,
  Feature,
  type HttpRequest,
  hasAgreed,
  type LowBandwidthOffer,
  type MappedRequest,
  MappingError,
  requestToHttp,
  responseToCoap,
  type ServerSession,
  type ServerSessionOptions,
} from '@lb-matrix/msc3079-mapper';
import type { Answer } from './answer.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import type { Gateway } from './gateway.ts';
import { InitialSyncs } from './initial-syncs.ts';
import { longPollTimeout } from './long-poll.ts';
import type { Observers, ObservingSession } from './observe/observers.ts';
import { advertise } from './versions.ts';

export interface CoapHandlerOptions {
  readonly gateway: Gateway;
  readonly observers: Observers;
  readonly platform: Platform;
  /** What /versions says of this server. */
  readonly offer: LowBandwidthOffer;
  readonly session: ServerSessionOptions;
  /** What goes to the homeserver in a client's name. */
  readonly forward: Forward;
  readonly onExchange: ((record: ExchangeRecord) => void) | undefined;
}

/** A client's request as the homeserver gets it. */
export type Forward = (http: HttpRequest, request: IncomingRequest) => HttpRequest;

/** What the endpoint asks of the layer above. */
export interface CoapHandler {
  readonly handler: Handler;
  /** The Matrix error in a 4.13, which goes out before a body is whole. */
  readonly describeTooLarge: DescribeTooLarge;
}

/** Answers CoAP requests with what the homeserver says, each session with its own sticky options (R14). */
export function createCoapHandler(options: CoapHandlerOptions): CoapHandler {
  const { gateway, observers, platform, offer, forward, onExchange } = options;
  // The session's own state, gone with the session; never found by address.
  const sessions = new WeakMap<object, ObservingSession>();
  const initialSyncs = new InitialSyncs(platform);
  const describeTooLarge: DescribeTooLarge = (request) =>
    errorToCoap(TOO_LARGE, request, sessionOf(request.session).matrix);
  return { handler, describeTooLarge };

  async function handler(request: IncomingRequest): Promise<CoapResponse> {
    const started = platform.now();
    const session = sessionOf(request.session);
    const asked = mapRequest(request, session.matrix);
    const mapped = asked instanceof MappingError ? asked : initialSyncs.admit(asked, session.matrix);
    if (hasAgreed(session.matrix, Feature.Transmission)) request.agree({ transmission: true, qBlock: true });
    const answer =
      mapped instanceof MappingError
        ? refuse(mapped, request, session.matrix)
        : await (observers.register(request, mapped, session) ?? ask(mapped, request, session));
    onExchange?.({
      transport: 'coap',
      method: codeName(request.code) ?? codeToString(request.code),
      path: mapped instanceof MappingError ? optionsPath(request) : mapped.target.split('?', 1)[0]!,
      status: answer.status,
      requestBytes: request.payload.length,
      responseBytes: answer.coap.payload.length,
      milliseconds: platform.now() - started,
      peer: { address: request.peer.address, port: request.peer.port },
      error: answer.error,
    });
    return answer.coap;
  }

  function sessionOf(key: object): ObservingSession {
    let session = sessions.get(key);
    if (session === undefined) {
      session = {
        matrix: createServerSession(options.session),
        requests: 0,
        places: { count: 0, address: '' },
        observers: new Set(),
        replaced: undefined,
      };
      sessions.set(key, session);
    }
    return session;
  }

  async function ask(mapped: MappedRequest, request: IncomingRequest, session: ObservingSession): Promise<Answer> {
    const { method, target, headers, body, answer: context } = mapped;
    // The answer may be half a minute away: the client need not wonder whether we got its request.
    if (longPollTimeout(target) > 0) request.acknowledge();
    const outgoing = forward({ method, target, headers, ...(body === undefined ? {} : { body }) }, request);
    const { response, error } = await gateway.ask(outgoing, request.signal, session);
    try {
      const coap = responseToCoap(advertise(outgoing, response, offer), context, session.matrix);
      return { coap, status: response.status, error };
    } catch (unusable) {
      if (!(unusable instanceof MappingError)) throw unusable;
      return refuse(unusable, request, session.matrix);
    }
  }
}

const TOO_LARGE = { status: 413, errcode: 'M_TOO_LARGE', message: 'Body too large' };

function mapRequest(request: IncomingRequest, session: ServerSession): MappedRequest | MappingError {
  try {
    return requestToHttp(request, session);
  } catch (error) {
    if (error instanceof MappingError) return error;
    throw error;
  }
}

function refuse(error: MappingError, request: IncomingRequest, session: ServerSession): Answer {
  return { coap: errorToCoap(error, request, session), status: error.status, error };
}

/** The path that a refused request asked for, for the log. */
function optionsPath({ options }: IncomingRequest): string {
  const segments = stringValues(options, OptionNumber.UriPath) ?? [];
  return `/${segments.map(encodeURIComponent).join('/')}`;
}
