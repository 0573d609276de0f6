import { Code, OptionNumber, stringValues, uintOption } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  collapsePath,
  createClientSession,
  createServerSession,
  errorToCoap,
  expandPath,
  Feature,
  featuresLost,
  featuresOffered,
  MappingError,
  PrivateOption,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import v2 from '../src/tables/paths-v2.json' with { type: 'json' };
import { announce, coap, format, get, hex, NOTHING, refused, uint, utf8 } from './support.ts';

const fill = (path: string): string[] =>
  path
    .slice(1)
    .replace(/\{(\w+)\}/g, '<$1>')
    .split('/');
const parameters = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map((match) => `<${match[1]}>`);

describe('path table 2', () => {
  const appended = Object.entries(v2.appended);
  const client = appended.filter(([, path]) => path.startsWith('/_matrix/client/'));

  it('appends 86 paths, three of them outside of what is served', () => {
    expect(appended).toHaveLength(86);
    expect(appended.filter((entry) => !client.includes(entry)).map(([code]) => code)).toEqual(['m5', 'm6', 'm7']);
    for (const [code, path] of appended) {
      if (client.some(([other]) => other === code)) continue;
      refused('path', () => expandPath([code, ...parameters(path)], 'v3', 2));
      expect(collapsePath(fill(path), 2)).toEqual(fill(path));
    }
  });

  it.each(client)('%s is %s, in version 2 alone', (code, path) => {
    expect(expandPath([code, ...parameters(path)], 'v3', 2)).toEqual(fill(path));
    expect(collapsePath(fill(path), 2)).toEqual([code, ...parameters(path)]);
    expect(collapsePath(fill(path.replace('/v3/', '/r0/')), 2)).toEqual([code, ...parameters(path)]);
    expect(collapsePath(fill(path))[0]).not.toBe(code);
    refused('path', () => expandPath([code, ...parameters(path)]));
    refused('path', () => expandPath([code, ...parameters(path), 'one more'], 'v3', 2));
  });

  it('takes the template with the most literal segments', () => {
    const collapse = (path: string): readonly string[] => collapsePath(path.split('/'), 2);
    expect(collapse('_matrix/client/v3/rooms/!r/send/m.room.message/t')).toEqual(['v', '!r', 't']);
    expect(collapse('_matrix/client/v3/rooms/!r/send/m.sticker/t')).toEqual(['9', '!r', 'm.sticker', 't']);
    expect(collapse('_matrix/client/v3/rooms/!r/receipt/m.read/$e')).toEqual(['x', '!r', '$e']);
    expect(collapse('_matrix/client/v3/sync')).toEqual(['7']);
  });
});

/** A client and a server that have agreed on the tables. */
function agreed() {
  const client = createClientSession({ tables: 2 });
  client.agreed = client.announced;
  client.features = client.announced;
  client.unsettled.clear();
  const server = createServerSession({ tables: 2 });
  server.features = client.announced;
  return { client, server };
}

const queryOf = (target: string): string[] | undefined =>
  stringValues(requestToCoap({ method: 'GET', target, headers: [] }, agreed().client).options, OptionNumber.UriQuery);

describe('short queries', () => {
  it.each([
    ['sync?since=s1&timeout=30000', ['s=s1']],
    ['sync?timeout=30000&since=s1&filter=0', ['s=s1', 'f=0']],
    ['sync?since=s1&timeout=0', ['s=s1', 't=0']],
    ['sync?since=s1', ['s=s1', 't']],
    ['sync', ['t']],
    ['sync?timeout', ['timeout']],
    ['sync?timeout=30000&timeout=30000', ['t=30000', 't=30000']],
    ['sync?use_state_after=true&timeout=30000', ['u']],
    ['sync?use_state_after=false&timeout=30000', ['u=false']],
    ['sync?use_state_after&timeout=30000', ['use_state_after']],
    ['sync?timeout=30000&_cacheBuster=123', []],
    ['rooms/!r/messages?dir=b&limit=20&from=t1', ['d=b', 'l=20', 'a=t1']],
    ['rooms/!r/messages?timeout=30000', ['t=30000']],
    ['sync?unknown=1&timeout=30000', ['unknown=1']],
    // A name of one letter could be taken for a short one: the whole path then says that names are in full.
    ['sync?s=1&since=2', ['s=1', 'since=2']],
    ['unknown?since=2', ['since=2']],
  ])('%s', (target, query) => {
    expect(queryOf(`/_matrix/client/v3/${target}`) ?? []).toEqual(query);
  });

  it('come back as they were, but for the order of the timeout and the buster of caches', () => {
    const name = fc.constantFrom(
      'since',
      'timeout',
      'filter',
      's',
      't',
      'u',
      'U',
      'use_state_after',
      'set_presence',
      'x',
    );
    const argument = fc.oneof(
      fc.tuple(name, fc.constantFrom('', '30000', '0', 'true', 's1_2', 'a=b')).map(([n, v]) => `${n}=${v}`),
      name,
    );
    const path = fc.constantFrom('v3/sync', 'v3/rooms/!r/messages', 'v4/sync', 'v3/other');
    fc.assert(
      fc.property(path, fc.array(argument, { maxLength: 5 }), (where, query) => {
        const target = `/_matrix/client/${where}${
          query.length === 0
            ? ''
            : `?${query
                .map(encodeURIComponent)
                .map((a) => a.replace('%3D', '='))
                .join('&')}`
        }`;
        const { client, server } = agreed();
        const back = requestToHttp(requestToCoap({ method: 'GET', target, headers: [] }, client), server).target;
        const [before, after] = [target, back].map((text) => {
          const url = new URL(text, 'http://localhost');
          return [
            url.pathname,
            (text.split('?')[1] ?? '')
              .split('&')
              .filter((a) => a !== '')
              .sort(),
          ];
        });
        expect(after).toEqual(before);
      }),
      { seed: 3079, numRuns: 3000 },
    );
  });
});

describe('what was never agreed on, or was forgotten', () => {
  const server = () => createServerSession({ tables: 2 });

  it.each([
    ['a path of table 2', get('v')],
    [
      'a short query, which would ask for something else',
      get('7', { number: OptionNumber.UriQuery, value: utf8('s=1') }),
    ],
    ['keys of table 2', coap(Code.PUT, '9/!r/type/t', [format(60)], hex('a12c6161'))],
    ['base64 as bytes', coap(Code.PUT, '9/!r/type/t', [format(60)], hex('a161614c000102030405060708090a0b'))],
    ['a compressed body', coap(Code.PUT, '9/!r/type/t', [], hex('ff431af0c9f648cdc9c95708cf2fca490100'))],
  ])('%s is 4.15', (_, request) => {
    const error = refused('not_agreed', () => requestToHttp(request, server()));
    expect(errorToCoap(error, request, server()).code).toBe(Code.UnsupportedContentFormat);
  });

  it('is as it always was where there is nothing to agree on', () => {
    refused('path', () => requestToHttp(get('v'), createServerSession()));
    const query = { number: OptionNumber.UriQuery, value: utf8('s=1') };
    expect(requestToHttp(get('7', query), createServerSession()).target).toBe('/_matrix/client/v3/sync?s=1');
    refused('body', () =>
      requestToHttp(coap(Code.PUT, '9/!r/type/t', [format(60)], hex('a12c6161')), createServerSession()),
    );
  });

  test('makes the client start again in plain MSC3079, once', () => {
    const { client } = agreed();
    const http = { method: 'GET', target: '/_matrix/client/v3/sync?since=1', headers: [] };
    const first = requestToCoap(http, client);
    const fresh = server();
    const error = refused('not_agreed', () => requestToHttp(first, fresh));
    expect(featuresLost(errorToCoap(error, first, fresh), first, client)).toBe(true);

    const second = requestToCoap(http, client);
    expect(uint(second, 65002)).toBe(0x13);
    expect(stringValues(second.options, OptionNumber.UriQuery)).toEqual(['since=1']);
    expect(requestToHttp(second, fresh).target).toBe('/_matrix/client/v3/sync?since=1');
    expect(fresh.features).toBe(0x13);
    // Another 4.15 is the homeserver's.
    expect(featuresLost({ code: Code.UnsupportedContentFormat, options: [] }, second, client)).toBe(false);
    responseToHttp({ code: Code.Content, options: [uintOption(65002, 0x13)], payload: NOTHING }, second, client);
    expect(client.agreed).toBe(0x13);
  });
});

describe('option 65002', () => {
  it.each([
    [createServerSession(), Feature.ExactCodes],
    [createServerSession({ tables: 2 }), Feature.ExactCodes | Feature.Tables2 | Feature.Base64],
  ])('is answered with what is offered (%#)', (session, accepted) => {
    expect(requestToHttp(get('7', announce(0xffff)), session).answer.features).toBe(accepted);
    expect(requestToHttp(get('7', announce(0)), session).answer.features).toBe(0);
    expect(session.features).toBe(0);
  });

  it('agrees on nothing when it is accepted without having been asked for', () => {
    const session = createClientSession({ announce: false, tables: 2 });
    const request = requestToCoap({ method: 'GET', target: '/_matrix/client/versions', headers: [] }, session);
    responseToHttp({ code: Code.Content, options: [uintOption(65002, 0x13)], payload: NOTHING }, request, session);
    expect(session.agreed).toBe(0);
  });

  it('asks for nothing where bodies pass as they are', () => {
    const session = createClientSession({ transcode: false, tables: 2 });
    expect(session.announced).toBe(Feature.ExactCodes);
  });
});

test('MappingError for what was not agreed on is ready for the client', () => {
  expect(new MappingError('not_agreed', 'x')).toMatchObject({ status: 415, coapCode: Code.UnsupportedContentFormat });
});

describe('a request that is written in what it announces', () => {
  const known = Feature.Tables2 | Feature.Base64;
  const send = {
    method: 'PUT',
    target: '/_matrix/client/v3/rooms/!r:example.org/send/m.room.message/1',
    headers: [],
    body: utf8('{"msgtype":"m.text","body":"hi"}'),
  } as const;

  it('is understood by a server that knows it, which accepts it', () => {
    const client = createClientSession({ tables: 2, askKeyTable: true, known });
    const server = createServerSession({ tables: 2 });
    const request = requestToCoap(send, client);
    expect(stringValues(request.options, OptionNumber.UriPath)).toEqual(['v', '!r:example.org', '1']);
    // Neither does it ask for older keys.
    expect(request.options.map(({ number }) => number)).not.toContain(OptionNumber.CborKeys);
    const mapped = requestToHttp(request, server);
    expect(mapped).toMatchObject({ method: 'PUT', target: send.target.replace('!r:example.org', '!r%3Aexample.org') });
    const answer = responseToCoap({ status: 200, headers: [], body: utf8('{"event_id":"$e"}') }, mapped.answer, server);
    expect(featuresLost(answer, request, client)).toBe(false);
    expect(responseToHttp(answer, request, client).status).toBe(200);
    expect(client.agreed & known).toBe(known);
  });

  it.each([
    ['one that knows nothing of it', {}],
    ['one that knows the tables and no more of it', { tables: 2, forgets: true }],
  ] as const)(
    'is refused by %s, and goes once more as everybody understands it',
    (_name, { forgets, ...offer }: { tables?: 2; forgets?: boolean }) => {
      const client = createClientSession({ tables: 2, known });
      const server = createServerSession(offer);
      const written = requestToCoap(send, client);
      const options = written.options.filter(({ number }) => number !== PrivateOption.Features || !forgets);
      const request = { ...written, options };
      const error = refusalOf(() => requestToHttp(request, server));
      const answer = errorToCoap(error, request, server);
      expect(featuresLost(answer, { ...request, options: [...request.options, announce(0x43)] }, client)).toBe(true);
      const again = requestToCoap(send, client);
      expect(stringValues(again.options, OptionNumber.UriPath)?.[0]).toBe('9');
      expect(requestToHttp(again, server).method).toBe('PUT');
      expect(featuresLost(errorToCoap(error, again, server), again, client)).toBe(false);
    },
  );

  it('is not written by a client that asks for more than the server is known to have', () => {
    const deflate = { compress: (data: Uint8Array) => data, decompress: (data: Uint8Array) => data };
    const client = createClientSession({ tables: 2, compression: { deflate }, known });
    expect(stringValues(requestToCoap(send, client).options, OptionNumber.UriPath)?.[0]).toBe('9');
  });

  it.each([
    [{ cbor_enum_version: 2, coap_enum_version: 2 }, known],
    [{ cbor_enum_version: 2, coap_enum_version: 1 }, 0],
    [{ cbor_enum_version: 1, deflate_dict: ['00000000', '22c588f8'], transmission: true }, 0x24],
    [{ cbor_enum_version: '2', coap_enum_version: 2, deflate_dict: '22c588f8', transmission: 1 }, 0],
  ])('%j says which', (offer, bits) => {
    expect(featuresOffered(offer)).toBe(bits);
  });
});

function refusalOf(act: () => unknown): MappingError {
  try {
    act();
  } catch (error) {
    if (error instanceof MappingError) return error;
  }
  throw new Error('it was not refused');
}
