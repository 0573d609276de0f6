import { OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import type { IncomingRequest } from '@lb-matrix/coap-endpoint';
import {
  type AnswerContext,
  type CoapParts,
  errorToCoap,
  type HttpResponse,
  MappingError,
  responseToCoap,
  type ServerSession,
} from '@lb-matrix/msc3079-mapper';

/** In seconds: a day. */
const MAX_AGE = 86_400;

/** Makes the homeserver's response one for an observing client. */
export type Write = (response: HttpResponse) => CoapParts;

/** Writes responses to a registration, and notifications that look the same (R17). */
export function writer(request: IncomingRequest, context: AnswerContext, session: ServerSession): Write {
  return (response) => {
    const coap = toCoap(response, request, context, session);
    // RFC 7641 section 3.3.1: Max-Age says when to register again. Our own client knows that there is no need to.
    if (response.status !== 200 || session.features !== undefined) return coap;
    return { ...coap, options: [...coap.options, uintOption(OptionNumber.MaxAge, MAX_AGE)] };
  };
}

function toCoap(
  response: HttpResponse,
  request: IncomingRequest,
  context: AnswerContext,
  session: ServerSession,
): CoapParts {
  try {
    return responseToCoap(response, context, session);
  } catch (error) {
    if (!(error instanceof MappingError)) throw error;
    return errorToCoap(error, request, session);
  }
}
