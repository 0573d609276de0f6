import type { MessagePart } from '@lb-matrix/blockwise';
import { type CoapMessage, Code, encodedLength, encodeMessage, Type } from '@lb-matrix/coap-codec';
import { transmitNon } from './bulk/transmit-non.ts';
import type { Received } from './duplicates.ts';
import type { DescribeTooLarge } from './exchange.ts';
import type { MessageLayer } from './message-layer.ts';
import { isOf, unwanted } from './no-response.ts';

/** Answers to requests that are given at once: in the ACK to a CON, as a NON to a NON. */
export class Replies {
  readonly #layer: MessageLayer;
  readonly #describeTooLarge: DescribeTooLarge | undefined;
  readonly #session: object;

  constructor(layer: MessageLayer, describeTooLarge: DescribeTooLarge | undefined, session: object) {
    this.#layer = layer;
    this.#describeTooLarge = describeTooLarge;
    this.#session = session;
  }

  /** Section 5.5.2: an error may say more in its payload, as long as that fits a datagram. */
  described({ token }: CoapMessage, request: MessagePart, response: MessagePart): MessagePart {
    if (response.code !== Code.RequestEntityTooLarge || this.#describeTooLarge === undefined) return response;
    const more = this.#describeTooLarge({ code: request.code, options: request.options, session: this.#session });
    const described = { ...response, options: [...response.options, ...more.options], payload: more.payload };
    const length = encodedLength({ ...described, type: Type.ACK, messageId: 0, token });
    return length <= this.#layer.maxMessageBytes ? described : response;
  }

  /** An answer of the endpoint itself, if that is wanted. */
  reply(message: CoapMessage, part: MessagePart, received: Received | undefined, now: number): void {
    // RFC 7967 section 2.1: what a transfer needs to go on is no response in itself.
    if (part.code !== Code.Continue && isOf(unwanted(message), part.code)) this.hush(message, received);
    else this.send(message, part, received, now);
  }

  /** RFC 7967 section 2: a response is held back, a CON acknowledged all the same. */
  hush({ type, messageId }: CoapMessage, received: Received | undefined): void {
    const answer = type === Type.CON ? this.#layer.transmitEmpty(Type.ACK, messageId) : undefined;
    if (received !== undefined) received.answer = answer;
  }

  /** An answer at once: in the ACK to a CON, as a NON to a NON (sections 5.2.1 and 5.2.3). */
  send(message: CoapMessage, part: MessagePart, received: Received | undefined, now: number): void {
    const { token, messageId } = message;
    const { code, options, payload } = part;
    if (message.type === Type.CON) {
      // Named one by one: for parts from many places a spread is V8's slow way, and every answer comes by here.
      const datagram = encodeMessage({ type: Type.ACK, code, messageId, token, options, payload });
      this.#layer.transmit(datagram);
      if (received !== undefined) received.answer = datagram;
      return;
    }
    transmitNon(this.#layer, part, token, now);
  }
}
