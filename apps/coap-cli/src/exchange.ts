import type { OptionRegistry } from '@lb-matrix/coap-codec';
import type { CoapRequest, CoapResponse } from '@lb-matrix/coap-endpoint';
import type { Answer } from './answer.ts';
import type { HeaderField } from './header-field.ts';

/** A request ready to be sent, and how its answer is read. */
export interface Exchange {
  readonly request: CoapRequest;
  /** The headers that the request carries, for people: without the token. */
  readonly headers: readonly HeaderField[];
  /** Names of the `-H` headers that it does not carry. */
  readonly dropped: readonly string[];
  /** Milliseconds that the server was asked to wait for news before it answers: a long-poll. */
  readonly longPoll: number;
  /** The options that may stand in the answer. */
  readonly registry: OptionRegistry;
  read(response: CoapResponse): Answer;
}
