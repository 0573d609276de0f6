import { ContentFormat, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { createServerSession, Feature, PrivateOption, requestToHttp, responseToCoap } from '../src/index.ts';
import { announce, coap, format, get, refused, uint, utf8 } from './support.ts';

/** RFC 7252 12.3: application/json and application/cbor with the content coding "deflate". */
const DEFLATED = [11_050, 11_060];

describe('R24: nothing is compressed for a peer that has not agreed on it', () => {
  it.each(DEFLATED)('a body in the deflated format %i is not taken: 4.15', (number) => {
    const request = coap(3, '7', [format(number)], utf8('{}'));
    expect(refused('content_format', () => requestToHttp(request, createServerSession())).status).toBe(415);
  });

  it.each(DEFLATED)('an answer in the deflated format %i cannot be asked for: 4.06', (number) => {
    const request = get('7', uintOption(OptionNumber.Accept, number));
    expect(refused('accept', () => requestToHttp(request, createServerSession())).status).toBe(406);
  });

  it('a server that offers nothing accepts no feature bit but that of exact codes', () => {
    for (let bit = 0; bit < 32; bit++) {
      const session = createServerSession();
      const { answer } = requestToHttp(get('7', announce(2 ** bit)), session);
      const response = responseToCoap({ status: 200, headers: [], body: utf8('{}') }, answer, session);
      expect(uint(response, PrivateOption.Features)).toBe(2 ** bit === Feature.ExactCodes ? Feature.ExactCodes : 0);
      expect(uint(response, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    }
  });

  it('the homeserver is asked for no content coding', () => {
    const { headers } = requestToHttp(get('7'), createServerSession());
    expect(headers.map(([name]) => name)).toEqual(['accept']);
  });
});
