import { type CoapOption, OptionNumber } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  advertiseLowBandwidth,
  type CoapParts,
  createClientSession,
  createServerSession,
  errorToCoap,
  MappingError,
  PrivateOption,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';

const SEED = 3079;

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.uint8Array({ maxLength: 400 }),
  fc
    .oneof(
      fc.constantFrom('7', '9', '_matrix', 'client', 'v3', '..', '%2e%2e', '', 'Bearer ', 'a=b', '\r\n'),
      fc.string(),
    )
    .map((text) => new TextEncoder().encode(text)),
);

const KNOWN = [...Object.values(OptionNumber), ...Object.values(PrivateOption)];
const UriPath = OptionNumber.UriPath;

const option: fc.Arbitrary<CoapOption> = fc.record({
  number: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...KNOWN) },
    { weight: 3, arbitrary: fc.constantFrom(UriPath, OptionNumber.UriQuery, OptionNumber.ContentFormat) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 65_535 }) },
  ),
  value: bytes,
});

const valid = (text: string): CoapOption => ({ number: UriPath, value: new TextEncoder().encode(text) });

const SLIDING = ['_matrix', 'client', 'v4', 'sync'].map(valid);

/** Noise, and noise behind a path that is good, so that the later steps are reached too. */
const parts: fc.Arbitrary<CoapParts> = fc
  .record({
    code: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 255 })),
    front: fc.constantFrom([], [valid('7')], ['_matrix', 'client', 'v3', 'login'].map(valid), SLIDING),
    options: fc.array(option, { maxLength: 6 }),
    sorted: fc.boolean(),
    payload: fc.oneof(
      bytes,
      fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify(value))),
    ),
  })
  .map(({ code, front, options, sorted, payload }) => ({
    code,
    options: sorted ? [...front, ...options].sort((a, b) => a.number - b.number) : [...front, ...options],
    payload,
  }));

/** What `run` returns; `undefined` when it throws a `MappingError`; any other error fails the test. */
function guarded<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof MappingError) return undefined;
    throw error;
  }
}

it('a server throws nothing but MappingError, and every refusal makes an answer', () => {
  let mapped = 0;
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1, maxLength: 4 }), (requests) => {
      const session = createServerSession();
      for (const request of requests) {
        let seen: ReturnType<typeof requestToHttp> | undefined;
        try {
          seen = requestToHttp(request, session);
        } catch (error) {
          if (!(error instanceof MappingError)) throw error;
          const answer = errorToCoap(error, request, session);
          expect(answer.code >> 5).toBeGreaterThanOrEqual(4);
          expect(answer.payload.length).toBeGreaterThan(0);
          continue;
        }
        mapped++;
        expect(seen.target).toMatch(/^\/_matrix\/client\/[!-~]*$/);
        expect(seen.target).not.toMatch(/(^|\/)(\.|%2e){1,2}(\/|\?|$)/i);
        for (const [name, value] of seen.headers)
          expect([name, value].join(': ')).toMatch(/^(accept|authorization|content-type): [ -~]+$/);
      }
    }),
    { seed: SEED, numRuns: 2200 },
  );
  expect(mapped).toBeGreaterThan(500);
});

it('a server throws nothing but MappingError for what a homeserver answers', () => {
  const session = createServerSession();
  const { answer } = requestToHttp({ code: 1, options: [valid('7')], payload: new Uint8Array() }, session);
  const response = fc.record({
    status: fc.oneof(fc.integer({ min: -1, max: 1000 }), fc.constantFrom(200, 401, 429, 503)),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom('content-type', 'Retry-After', 'x'),
        fc.oneof(fc.string(), fc.constant('application/json')),
      ),
      { maxLength: 3 },
    ),
    body: fc.oneof(
      bytes,
      fc.json().map((text) => new TextEncoder().encode(text)),
    ),
  });
  fc.assert(
    fc.property(response, fc.boolean(), (http, exact) => {
      guarded(() => responseToCoap(http, answer, { ...session, features: exact ? 16 : undefined }));
      guarded(() => advertiseLowBandwidth(http.body, { dtls: 8008 }));
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

it('a client throws nothing but MappingError for what a server answers', () => {
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1, maxLength: 4 }), fc.boolean(), (responses, transcode) => {
      const session = createClientSession({ transcode, askKeyTable: true });
      for (const response of responses) {
        const request = requestToCoap({ method: 'POST', target: '/_matrix/client/v3/logout', headers: [] }, session);
        const http = guarded(() => responseToHttp(response, request, session));
        if (http !== undefined) expect(http.status).toBeGreaterThanOrEqual(200);
      }
    }),
    { seed: SEED, numRuns: 2000 },
  );
});

it('a client throws nothing but MappingError for what its caller wants sent', () => {
  const request = fc.record({
    method: fc.oneof(fc.constantFrom('GET', 'PUT'), fc.string()),
    target: fc.oneof(
      fc.string(),
      fc.webUrl({ withQueryParameters: true }),
      fc.string().map((text) => `/${text}`),
    ),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom('Authorization', 'Content-Type', 'Accept', 'x'),
        fc.oneof(fc.string(), fc.constant('Bearer a')),
      ),
    ),
    body: bytes,
  });
  const session = createClientSession();
  fc.assert(
    fc.property(request, (http) => {
      guarded(() => requestToCoap(http, session));
    }),
    { seed: SEED, numRuns: 2000 },
  );
});
