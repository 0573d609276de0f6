import { Code } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createClientSession,
  createServerSession,
  type HttpRequest,
  type HttpResponse,
  keyTableRefused,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import { NOTHING, text, toHex, utf8 } from './support.ts';

const SEED = 3079;

/** Integers beyond 64 bits have no CBOR form here; JSON.stringify writes doubles below 1e21 as such. */
const beyond64Bits = (value: unknown): boolean =>
  typeof value === 'number'
    ? Math.abs(value) >= 2 ** 63
    : typeof value === 'object' && value !== null && Object.values(value).some(beyond64Bits);

const jsonValue = fc.jsonValue({ maxDepth: 4 }).filter((value) => !beyond64Bits(value));
const token = fc.stringMatching(/^[!-~]{1,300}$/).filter((value) => !/^bearer/i.test(value));
const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((value) => !/[./\\]|%(25)*(2e|2f|5c)/i.test(value));

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path: fc.oneof(
    fc.constantFrom('/_matrix/client/versions', '/_matrix/client/v3/sync', '/_matrix/client/v3/pushrules/'),
    fc
      .tuple(segment, segment, segment)
      .map(
        ([room, type, txn]) =>
          `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/${encodeURIComponent(type)}/${encodeURIComponent(txn)}`,
      ),
    fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((segments) => `/_matrix/client/unstable/${segments.map(encodeURIComponent).join('/')}`),
  ),
  query: fc.constantFrom('', '?timeout=0', '?flag', '?flag=', '?a=1&a=2&b'),
  body: fc.option(jsonValue),
});

const response = fc.record({
  status: fc.oneof(
    fc.constantFrom(200, 201, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504),
    fc.integer({ min: 400, max: 599 }),
  ),
  body: jsonValue,
});

describe('property: an exchange survives HTTP -> CoAP -> HTTP', () => {
  it('request and response, sticky options, integer keys and codes, for any session', () => {
    fc.assert(
      fc.property(
        fc.record({ keyTable: fc.constantFrom<0 | 1>(0, 1), askKeyTable: fc.boolean(), pathEnums: fc.boolean() }),
        fc.option(token),
        fc.array(fc.tuple(request, response, fc.boolean()), { minLength: 1, maxLength: 6 }),
        (options, secret, exchanges) => {
          const client = createClientSession(options);
          const server = createServerSession();
          for (const [{ method, path, query, body }, answer, lost] of exchanges) {
            const sent: HttpRequest = {
              method,
              target: path + query,
              headers: secret === null ? [] : [['Authorization', `Bearer ${secret}`]],
              ...(body === null || method === 'GET' ? {} : { body: utf8(JSON.stringify(body)) }),
            };
            const up = requestToCoap(sent, client);
            const seen = requestToHttp(up, server);
            expect([seen.method, seen.target]).toEqual([method, path + query]);
            expect(seen.headers.find(([name]) => name === 'authorization')?.[1]).toBe(
              secret === null ? undefined : `Bearer ${secret}`,
            );
            if (sent.body === undefined) expect(seen.body).toBeUndefined();
            else expect(JSON.parse(text(seen.body))).toEqual(JSON.parse(text(sent.body)));

            const from: HttpResponse = { status: answer.status, headers: [], body: utf8(JSON.stringify(answer.body)) };
            const down = responseToCoap(from, seen.answer, server);
            if (lost) continue;
            const got = responseToHttp(down, up, client);
            expect(got.status).toBe(answer.status);
            expect(JSON.parse(text(got.body))).toEqual(JSON.parse(text(from.body)));
          }
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe('a session from login to logout', () => {
  it('sends its token once, gets integer keys and exact codes, and ends clean', () => {
    const client = createClientSession({ askKeyTable: true });
    const server = createServerSession();
    const exchange = (method: string, path: string, secret: string | undefined, status: number, answer: string) => {
      const up = requestToCoap(
        {
          method,
          target: `/_matrix/client/v3/${path}`,
          headers: secret === undefined ? [] : [['authorization', `Bearer ${secret}`]],
        },
        client,
      );
      const seen = requestToHttp(up, server);
      const down = responseToCoap({ status, headers: [], body: utf8(answer) }, seen.answer, server);
      const { status: back } = responseToHttp(down, up, client);
      expect(back).toBe(status);
      return {
        carried: up.options.map(({ number }) => number).filter((number) => number > 255),
        seen: seen.headers.find(([name]) => name === 'authorization')?.[1],
        down: toHex(down.payload),
      };
    };

    expect(exchange('POST', 'login', undefined, 200, '{"access_token":"a"}')).toEqual({
      carried: [257, 65_002],
      seen: undefined,
      down: 'a118496161',
    });
    expect(exchange('GET', 'sync', 'a', 429, '{}')).toMatchObject({ carried: [256], seen: 'Bearer a' });
    expect(exchange('GET', 'sync', 'a', 200, '{}')).toMatchObject({ carried: [], seen: 'Bearer a' });
    expect(exchange('POST', 'logout', 'a', 200, '{}')).toMatchObject({ carried: [], seen: 'Bearer a' });
    expect(server.token).toBeUndefined();
    expect(exchange('GET', 'login', undefined, 200, '{}')).toMatchObject({ carried: [256], seen: undefined });
    expect(exchange('GET', 'login', undefined, 200, '{}')).toMatchObject({ carried: [], seen: undefined });
    expect(exchange('GET', 'sync', 'b', 200, '{}')).toMatchObject({ carried: [256], seen: 'Bearer b' });
  });

  it('goes on without option 257 against a server that does not know it', () => {
    const client = createClientSession({ askKeyTable: true });
    const http: HttpRequest = { method: 'GET', target: '/_matrix/client/v3/sync', headers: [] };
    let up = requestToCoap(http, client);
    if (keyTableRefused({ code: Code.BadOption }, up, client)) up = requestToCoap(http, client);
    const server = createServerSession();
    const seen = requestToHttp(up, server);
    expect(seen.target).toBe('/_matrix/client/v3/sync');
    expect(server.keyTable).toBeUndefined();
    expect(
      responseToHttp(responseToCoap({ status: 200, headers: [], body: NOTHING }, seen.answer, server), up, client),
    ).toMatchObject({ status: 200, headers: [], body: NOTHING });
  });
});
