import { OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import type { IncomingRequest } from '@lb-matrix/coap-endpoint';
import {
  type AnswerContext,
  errorToCoap,
  type HttpResponse,
  MappingError,
  responseToCoap,
  type ServerSession,
  type SyncReference,
  type WrittenAnswer,
} from '@lb-matrix/msc3079-mapper';

/** In seconds: a day. */
const MAX_AGE = 86_400;

/**
 * Makes the homeserver's response one for an observing client.
 *
 * @param reference - what it may refer to; default: what the registration says
 */
export type Write = (response: HttpResponse, reference?: SyncReference) => WrittenAnswer;

/** Writes responses to a registration, and notifications that look the same (R17). */
export function writer(request: IncomingRequest, context: AnswerContext, session: ServerSession): Write {
  return (response, reference = context.reference) => {
    const coap = toCoap(response, request, { ...context, reference }, session);
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
): WrittenAnswer {
  try {
    return responseToCoap(response, context, session);
  } catch (error) {
    if (!(error instanceof MappingError)) throw error;
    return { ...errorToCoap(error, request, session), next: undefined };
  }
}
