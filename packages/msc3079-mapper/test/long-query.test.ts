import { Code, checkOptions, isCritical, OptionNumber, opaqueOption, stringOption } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClientSession,
  createClientSession,
  createServerSession,
  mapperOptionRegistry,
  PrivateOption,
  requestToCoap,
  requestToHttp,
} from '../src/index.ts';
import { coap, get, refused, utf8, values } from './support.ts';

const { LongQuery } = PrivateOption;
const SYNC = '/_matrix/client/v3/sync';

/** A client session with a server that has accepted (a subset of) the announcement. */
const known = (features = 0): ClientSession => Object.assign(createClientSession(), { features });

const map = (target: string, session: ClientSession) => requestToCoap({ method: 'GET', target, headers: [] }, session);

describe('option 65010, Long-Query', () => {
  const filter = JSON.stringify({ room: { rooms: Array.from({ length: 20 }, (_, i) => `!room${i}:example.org`) } });
  const target = `${SYNC}?since=s1&filter=${encodeURIComponent(filter)}&full_state=false`;

  it('carries a query with a long argument whole and in order, to a server that is known', () => {
    const request = map(target, known());
    expect(values(request, OptionNumber.UriQuery)).toEqual([]);
    expect(values(request, LongQuery)).toEqual(['since=s1', `filter=${filter}`, 'full_state=false']);
    expect(requestToHttp(request, createServerSession()).target).toBe(target);
  });

  it('is not used while the server is not known, so that its caller can take HTTP', () => {
    const session = createClientSession();
    expect(refused('query_too_long', () => map(target, session))).toMatchObject({ status: 414 });
    expect(session).toEqual(createClientSession());
  });

  it('is not used for arguments of up to 255 bytes, however many', () => {
    const query = Array.from({ length: 5 }, (_, i) => `${i}=${'x'.repeat(253)}`).join('&');
    const request = map(`${SYNC}?${query}`, known());
    expect(values(request, LongQuery)).toEqual([]);
    expect(values(request, OptionNumber.UriQuery)).toHaveLength(5);
  });

  it('takes what an option can carry: 65804 bytes', () => {
    const longest = `${SYNC}?q=${'x'.repeat(65_802)}`;
    expect(requestToHttp(map(longest, known()), createServerSession()).target).toBe(longest);
    refused('too_long', () => map(`${longest}x`, known()));
  });

  it('is understood by the server in every session, after Uri-Query', () => {
    const request = get('7', stringOption(OptionNumber.UriQuery, 'a=1'), stringOption(LongQuery, 'b=2'));
    expect(requestToHttp(request, createServerSession()).target).toBe(`${SYNC}?a=1&b=2`);
  });

  it('is elective by its number and unsafe to forward, and no option check drops it', () => {
    expect(isCritical(LongQuery)).toBe(false);
    expect(LongQuery & 2).toBe(2);
    const options = [opaqueOption(LongQuery, utf8('a')), opaqueOption(LongQuery, Uint8Array.of(0xff))];
    expect(checkOptions(options, mapperOptionRegistry).usable).toEqual(options);
  });

  it('is 4.02 when it is not UTF-8: without its filter the request would be another one', () => {
    const request = get('7', opaqueOption(LongQuery, Uint8Array.of(0xff)));
    expect(refused('bad_option', () => requestToHttp(request, createServerSession())).coapCode).toBe(Code.BadOption);
  });

  it('ends no argument and no request line', () => {
    const request = coap(Code.GET, '7', [stringOption(LongQuery, 'a=&b=#\r\nx: y')]);
    expect(requestToHttp(request, createServerSession()).target).toBe(`${SYNC}?a=%26b%3D%23%0D%0Ax%3A%20y`);
  });

  it('property: any query arrives as it left', () => {
    const part = fc.string({ unit: 'grapheme', maxLength: 300 }).map(encodeURIComponent);
    const name = part.filter((text) => !text.includes('%3D'));
    const argument = fc.oneof(
      name,
      fc.tuple(name, part).map(([key, value]) => `${key}=${value}`),
    );
    fc.assert(
      fc.property(fc.array(argument, { minLength: 1, maxLength: 5 }), (query) => {
        const joined = query.join('&');
        fc.pre(joined !== '');
        const asked = `${SYNC}?${joined}`;
        expect(requestToHttp(map(asked, known()), createServerSession()).target).toBe(asked);
      }),
      { seed: 65_010, numRuns: 300 },
    );
  });
});
