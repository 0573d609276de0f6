import { Code, codeToString, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { createServerSession, errorToCoap, requestToHttp } from '../src/index.ts';
import { announce, get, refused, text } from './support.ts';

const hops = (limit: number) => uintOption(OptionNumber.HopLimit, limit);

describe('Hop-Limit (RFC 8768)', () => {
  it.each([2, 16, 255])('%i leaves something to go on with', (limit) => {
    expect(requestToHttp(get('7', hops(limit)), createServerSession()).target).toBe('/_matrix/client/v3/sync');
  });

  it('1 is used up here: 5.08, to every session', () => {
    for (const options of [[hops(1)], [hops(1), announce()]]) {
      const request = get('7', ...options);
      const session = createServerSession();
      const error = refused('hop_limit', () => requestToHttp(request, session));
      expect(error.status).toBe(508);
      expect(codeToString(errorToCoap(error, request, session).code)).toBe('5.08');
    }
  });

  it.each([0, 256, 0xffff_ffff])('%i is no limit: 4.00', (limit) => {
    const request = get('7', hops(limit));
    const error = refused('bad_hop_limit', () => requestToHttp(request, createServerSession()));
    expect(errorToCoap(error, request, createServerSession()).code).toBe(Code.BadRequest);
  });

  it('twice, or with too many bytes, is passed over (RFC 7252 5.4.5)', () => {
    expect(requestToHttp(get('7', hops(2), hops(1)), createServerSession()).target).toBe('/_matrix/client/v3/sync');
    const long = { number: OptionNumber.HopLimit, value: Uint8Array.of(0, 0, 0, 0, 1) };
    expect(text(requestToHttp(get('7', long), createServerSession()).body)).toBe('');
  });
});
