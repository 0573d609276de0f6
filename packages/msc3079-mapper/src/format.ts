import { type CoapOption, ContentFormat, OptionNumber, uintValue } from '@lb-matrix/coap-codec';

/** How a JSON body travels. */
export type BodyFormat = 'cbor' | 'json';

/**
 * The format in which a request wants its answer: Accept decides; without it a JSON request is answered in JSON
 * (MSC3079: a server never answers JSON with CBOR unasked), all else in CBOR. `undefined` when Accept names another
 * format, which RFC 7252 5.10.4 answers with 4.06.
 */
export function answerFormat(options: readonly CoapOption[]): BodyFormat | undefined {
  switch (uintValue(options, OptionNumber.Accept)) {
    case undefined:
      return uintValue(options, OptionNumber.ContentFormat) === ContentFormat.Json ? 'json' : 'cbor';
    case ContentFormat.Cbor:
      return 'cbor';
    case ContentFormat.Json:
      return 'json';
    default:
      return undefined;
  }
}

/** The Content-Format of each body format. */
export const FORMAT_NUMBER: Readonly<Record<BodyFormat, number>> = {
  cbor: ContentFormat.Cbor,
  json: ContentFormat.Json,
};
