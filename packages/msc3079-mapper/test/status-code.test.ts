import { Code, codeFromString, codeToString, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it, test } from 'vitest';
import {
  createClientSession,
  createServerSession,
  errorToCoap,
  type HttpHeaders,
  PrivateOption,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import { announce, coap, fromCbor, NOTHING, refused, text, uint, utf8 } from './support.ts';

const METHODS = { GET: Code.GET, POST: Code.POST, PUT: Code.PUT, DELETE: Code.DELETE } as const;
type Method = keyof typeof METHODS;

/** The answer to a request of a session that announced itself, or did not. */
function answer(announced: boolean, method: Method, status: number, body = '{"a":1}', headers: HttpHeaders = []) {
  const session = createServerSession();
  const options = announced ? [announce()] : [];
  const request = requestToHttp(coap(METHODS[method], '7', options), session);
  const { answer: context } = requestToHttp(coap(METHODS[method], '7'), session);
  expect(request.answer.features).toBe(announced ? 16 : undefined);
  return responseToCoap({ status, headers, body: utf8(body) }, context, session);
}

describe('existing clients get their ten codes, with the body kept', () => {
  it.each([
    [200, '2.05'],
    [201, '2.05'],
    [202, '2.05'],
    [204, '2.05'],
    [299, '2.05'],
    [400, '4.00'],
    [401, '4.01'],
    [402, '4.00'],
    [403, '4.03'],
    [404, '4.04'],
    [405, '4.05'],
    [406, '4.00'],
    [408, '4.00'],
    [409, '4.00'],
    [410, '4.00'],
    [412, '4.00'],
    [413, '4.13'],
    [415, '4.00'],
    [422, '4.00'],
    [429, '4.00'],
    [499, '4.00'],
    [500, '5.00'],
    [501, '5.00'],
    [502, '5.02'],
    [503, '5.02'],
    [504, '5.04'],
    [505, '5.00'],
    [599, '5.00'],
  ])('%i is %s to every method', (status, code) => {
    for (const method of Object.keys(METHODS) as Method[]) {
      const response = answer(false, method, status);
      expect(codeToString(response.code)).toBe(code);
      expect(fromCbor(response.payload)).toEqual({ a: 1 });
      expect(response.options.map(({ number }) => number)).toEqual([OptionNumber.ContentFormat]);
    }
  });

  it('and no Max-Age', () => {
    const response = answer(false, 'GET', 429, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}', [
      ['retry-after', '2'],
    ]);
    expect(uint(response, OptionNumber.MaxAge)).toBeUndefined();
    expect(fromCbor(response.payload)).toEqual({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 2000 });
  });
});

describe('announced sessions get exact codes', () => {
  it.each([
    ['GET', 200, '2.05'],
    ['POST', 200, '2.04'],
    ['PUT', 200, '2.04'],
    ['DELETE', 200, '2.04'],
    ['POST', 201, '2.01'],
    ['PUT', 201, '2.01'],
    ['GET', 400, '4.00'],
    ['GET', 401, '4.01'],
    ['GET', 403, '4.03'],
    ['GET', 404, '4.04'],
    ['GET', 405, '4.05'],
    ['GET', 406, '4.06'],
    ['PUT', 409, '4.09'],
    ['PUT', 412, '4.12'],
    ['PUT', 413, '4.13'],
    ['PUT', 415, '4.15'],
    ['PUT', 429, '4.29'],
    ['GET', 500, '5.00'],
    ['GET', 501, '5.01'],
    ['GET', 502, '5.02'],
    ['GET', 503, '5.03'],
    ['GET', 504, '5.04'],
    ['GET', 508, '5.08'],
  ] as const)('%s %i is %s, and needs no option 65006', (method, status, code) => {
    const response = answer(true, method, status);
    expect(codeToString(response.code)).toBe(code);
    expect(uint(response, PrivateOption.HttpStatus)).toBeUndefined();
    expect(fromCbor(response.payload)).toEqual({ a: 1 });
  });

  it.each([
    ['PUT', 204, '2.04'],
    ['GET', 304, '2.03'],
    ['GET', 200, '2.05'],
  ] as const)('%s %i without a body is %s, and needs no option 65006', (method, status, code) => {
    const response = answer(true, method, status, '');
    expect(codeToString(response.code)).toBe(code);
    expect(response.options).toEqual([]);
  });

  it.each([
    ['GET', 202, '2.05'],
    ['PUT', 202, '2.04'],
    ['PUT', 402, '4.00'],
    ['PUT', 408, '4.00'],
    ['PUT', 410, '4.00'],
    ['PUT', 422, '4.00'],
    ['PUT', 499, '4.00'],
    ['PUT', 505, '5.00'],
    ['PUT', 507, '5.00'],
    ['PUT', 599, '5.00'],
  ] as const)('%s %i is %s and says its status in option 65006', (method, status, code) => {
    const response = answer(true, method, status);
    expect(codeToString(response.code)).toBe(code);
    expect(uint(response, PrivateOption.HttpStatus)).toBe(status);
  });

  it('200 without a body and 204 to GET say so in option 65006, because 2.04 alone would mean the other', () => {
    expect(uint(answer(true, 'PUT', 200, ''), PrivateOption.HttpStatus)).toBe(200);
    expect(answer(true, 'GET', 204, '')).toMatchObject({ code: Code.Changed, options: [] });
  });

  it.each([
    ['Retry-After', '{"retry_after_ms":9000}', [['Retry-After', ' 7 ']], 7],
    ['Retry-After zero', '{}', [['retry-after', '0']], 0],
    ['retry_after_ms, rounded up', '{"retry_after_ms":2001}', [], 3],
    [
      'retry_after_ms, when Retry-After is a date',
      '{"retry_after_ms":1000}',
      [['retry-after', 'Fri, 31 Dec 2027 23:59:59 GMT']],
      1,
    ],
    ['retry_after_ms beyond 32 bits', '{"retry_after_ms":1e30}', [], 0xffff_ffff],
    ['nothing', '{}', [], undefined],
    ['a negative retry_after_ms', '{"retry_after_ms":-1}', [], undefined],
    ['a retry_after_ms that is text', '{"retry_after_ms":"5"}', [], undefined],
    ['an array', '[1]', [], undefined],
    ['no body', '', [], undefined],
  ] as [string, string, HttpHeaders, number | undefined][])('429 and 503: Max-Age from %s', (_, body, headers, age) => {
    for (const status of [429, 503])
      expect(uint(answer(true, 'PUT', status, body, headers), OptionNumber.MaxAge)).toBe(age);
    expect(uint(answer(true, 'PUT', 500, body, headers), OptionNumber.MaxAge)).toBeUndefined();
  });
});

test.each([0, 100, 101, 199, 300, 301, 302, 307, 600, 999, Number.NaN])(
  'status %d from the homeserver is 502',
  (status) => {
    for (const announced of [true, false]) {
      expect(refused('upstream', () => answer(announced, 'GET', status)).status).toBe(502);
    }
  },
);

test('304 to an existing client is 502: nothing it can send is conditional', () => {
  refused('upstream', () => answer(false, 'GET', 304, ''));
});

describe('a client reads', () => {
  const read = (code: string, options: Parameters<typeof responseToHttp>[0]['options'] = [], payload = NOTHING) => {
    const session = createClientSession();
    const request = requestToCoap({ method: 'GET', target: '/_matrix/client/v3/sync', headers: [] }, session);
    return responseToHttp({ code: codeFromString(code), options, payload }, request, session);
  };
  const json = utf8('{"a":1}');

  it.each([
    ['2.01', 201, 201],
    ['2.02', 204, 200],
    ['2.03', 304, 304],
    ['2.04', 204, 200],
    ['2.05', 200, 200],
    ['2.30', 204, 200],
    ['4.00', 400, 400],
    ['4.01', 401, 401],
    ['4.02', 400, 400],
    ['4.03', 403, 403],
    ['4.04', 404, 404],
    ['4.05', 405, 405],
    ['4.06', 406, 406],
    ['4.08', 400, 400],
    ['4.09', 409, 409],
    ['4.12', 412, 412],
    ['4.13', 413, 413],
    ['4.15', 415, 415],
    ['4.22', 400, 400],
    ['4.29', 429, 429],
    ['4.31', 400, 400],
    ['5.00', 500, 500],
    ['5.01', 501, 501],
    ['5.02', 502, 502],
    ['5.03', 503, 503],
    ['5.04', 504, 504],
    ['5.05', 502, 502],
    ['5.08', 508, 508],
    ['5.31', 500, 500],
  ])('%s as %i without a body and %i with one', (code, empty, full) => {
    expect(read(code).status).toBe(empty);
    expect(read(code, [], json).status).toBe(full);
  });

  it.each(['0.00', '0.01', '1.00', '2.31', '3.00', '6.00', '7.31'])('%s as no response', (code) => {
    refused('response', () => read(code));
  });

  it('option 65006 where it fits the class of the code', () => {
    const status = (value: number) => [uintOption(PrivateOption.HttpStatus, value)];
    expect(read('4.00', status(422)).status).toBe(422);
    expect(read('2.04', status(202)).status).toBe(202);
    for (const value of [0, 99, 200, 503, 600, 65_535]) expect(read('4.00', status(value)).status).toBe(400);
    expect(read('4.00', [{ number: PrivateOption.HttpStatus, value: new Uint8Array(5) }]).status).toBe(400);
  });

  it('Max-Age of 429 and 503 as Retry-After', () => {
    const age = [uintOption(OptionNumber.MaxAge, 7)];
    expect(read('4.29', age, json).headers).toContainEqual(['retry-after', '7']);
    expect(read('5.03', age, json).headers).toContainEqual(['retry-after', '7']);
    expect(read('2.05', age, json).headers).toEqual([['content-type', 'application/json']]);
  });
});

test('every status that a homeserver can answer comes back as itself, over an announced session', () => {
  for (const method of Object.keys(METHODS) as Method[]) {
    for (const status of [
      ...Array.from({ length: 100 }, (_, i) => 200 + i),
      304,
      ...Array.from({ length: 200 }, (_, i) => 400 + i),
    ]) {
      for (const body of ['{"a":1}', '']) {
        // 204 and 304 have no body, and an error without one gets one.
        if ((status === 204 || status === 304) && body !== '') continue;
        const client = createClientSession();
        const request = requestToCoap({ method, target: '/_matrix/client/v3/sync', headers: [] }, client);
        const back = responseToHttp(answer(true, method, status, body), request, client);
        expect([method, status, back.status]).toEqual([method, status, status]);
        if (body !== '') expect(text(back.body)).toBe(body);
      }
    }
  }
});

test('an error of the server itself says its exact status to an announced session', () => {
  const request = coap(Code.GET, '7', [announce()]);
  const session = createServerSession();
  const late = { status: 408, errcode: 'M_UNKNOWN', message: 'late' };
  expect(errorToCoap(late, request, session)).toMatchObject({ code: Code.BadRequest });
  requestToHttp(request, session);
  const answer = errorToCoap(late, request, session);
  expect(answer.code).toBe(Code.BadRequest);
  expect(uint(answer, PrivateOption.HttpStatus)).toBe(408);
  expect(errorToCoap({ ...late, status: 700 }, request, session).code).toBe(Code.InternalServerError);
});
