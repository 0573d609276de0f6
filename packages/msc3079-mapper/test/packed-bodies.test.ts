import { deflateRawSync } from 'node:zlib';
import { Code, ContentFormat, OptionNumber } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { dictionary } from '../src/dictionary.ts';
import { fflateDeflate } from '../src/fflate.ts';
import {
  type Compression,
  compressible,
  createClientSession,
  createServerSession,
  type Deflate,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import { nodeDeflate } from '../src/node.ts';
import { SECRET_KEYS } from '../src/secret-keys.ts';
import { accept, coap, format, hex, NOTHING, refused, text, toHex, uint, utf8 } from './support.ts';

/** What a compressor was given, as text. */
const fed: string[] = [];
const spy: Deflate = {
  ...nodeDeflate(),
  compress(data, dict) {
    fed.push(Buffer.from(data).toString('latin1'));
    return nodeDeflate().compress(data, dict);
  },
};

/** A client and a server that have agreed on everything. */
function agreed(compression: Compression = { deflate: spy }) {
  const client = createClientSession({ tables: 2, compression });
  client.agreed = client.announced;
  client.features = client.announced;
  client.unsettled.clear();
  const server = createServerSession({ tables: 2, compression });
  server.features = client.announced;
  fed.length = 0;
  return { client, server };
}

const JSON_TYPE = [['content-type', 'application/json']] as const;

/** One exchange; what the compressor saw is in `fed`. */
function exchange(method: string, path: string, request: unknown, response: unknown, status = 200) {
  const { client, server } = agreed();
  const target = `/_matrix/client/${path}`;
  const body = request === undefined ? {} : { body: utf8(JSON.stringify(request)) };
  const mapped = requestToCoap({ method, target, headers: [], ...body }, client);
  const http = requestToHttp(mapped, server);
  expect(http.body === undefined ? undefined : JSON.parse(text(http.body))).toEqual(request);
  const answer = { status, headers: JSON_TYPE, body: utf8(JSON.stringify(response)) };
  const coapAnswer = responseToCoap(answer, http.answer, server);
  const back = responseToHttp(coapAnswer, mapped, client);
  expect(back.status).toBe(status);
  expect(JSON.parse(text(back.body))).toEqual(response);
  return { mapped, answer: coapAnswer };
}

/** Long enough, and like enough to itself, that a compressor would be glad to have it. */
const filler = (secret: string): Record<string, string> => ({ a: `${secret} ${secret} ${secret}`, b: secret });
const SECRET = 'the secret of somebody';

describe('a message, once that was agreed on', () => {
  it('is compressed where that makes it shorter, without a Content-Format: the bytes of the study', () => {
    const { mapped } = exchange(
      'PUT',
      'v3/rooms/!WhkXCpDRObfXsjqWdn:localhost/send/m.room.message/7Q',
      { msgtype: 'm.text', body: 'Hello World' },
      {},
    );
    expect(toHex(mapped.payload)).toBe('431af0c9f648cdc9c95708cf2fca490100');
    expect(uint(mapped, OptionNumber.ContentFormat)).toBeUndefined();
  });

  it('is plain CBOR under 60 where it is not', () => {
    const { mapped } = exchange('PUT', 'v3/rooms/!r:l/typing/@alice:localhost', { typing: true, timeout: 4000 }, {});
    expect(uint(mapped, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    expect(toHex(mapped.payload)).toBe('a228f51859190fa0');
  });

  it('is nothing for {} in an answer', () => {
    const { answer } = exchange('PUT', 'v3/rooms/!r:l/typing/@alice:localhost', { typing: true }, {});
    expect(answer).toEqual({ code: Code.Changed, options: [], payload: NOTHING });
  });

  it.each([200, 204, 205])('says so when the homeserver answers %i with no body at all', (status) => {
    const { client, server } = agreed();
    const mapped = requestToCoap({ method: 'POST', target: '/_matrix/client/v3/x', headers: [] }, client);
    const { answer } = requestToHttp(mapped, server);
    const back = responseToHttp(responseToCoap({ status, headers: [], body: NOTHING }, answer, server), mapped, client);
    expect([back.status, back.body.length]).toEqual([status, 0]);
  });

  it('keeps the format that an Accept insists on', () => {
    const { server } = agreed();
    const http = requestToHttp(coap(Code.GET, '7', [accept(ContentFormat.Cbor)]), server);
    const answer = { status: 200, headers: JSON_TYPE, body: utf8(JSON.stringify({ next_batch: 'x'.repeat(200) })) };
    expect(uint(responseToCoap(answer, http.answer, server), OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    expect(uint(responseToCoap({ ...answer, body: utf8('{}') }, http.answer, server), OptionNumber.ContentFormat)).toBe(
      60,
    );
    expect(fed).toEqual([]);
  });

  it('is tried from threshold on', () => {
    const body = utf8('{"msgtype":"m.text","body":"Hello World"}');
    const target = '/_matrix/client/v3/rooms/!r:l/send/m.room.message/1';
    for (const [threshold, calls] of [
      [undefined, 1],
      [23, 1],
      [24, 0],
    ] as const) {
      requestToCoap({ method: 'PUT', target, headers: [], body }, agreed({ deflate: spy, threshold }).client);
      expect(fed).toHaveLength(calls);
    }
  });

  it('is compressed by nobody before', () => {
    fed.length = 0;
    const client = createClientSession({ tables: 2, compression: { deflate: spy } });
    const server = createServerSession({ tables: 2, compression: { deflate: spy } });
    const body = utf8(JSON.stringify({ msgtype: 'm.text', body: 'Hello World '.repeat(20) }));
    const mapped = requestToCoap(
      { method: 'PUT', target: '/_matrix/client/v3/rooms/!r/send/m.room.message/1', headers: [], body },
      client,
    );
    expect(uint(mapped, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    // A client that does not ask for it, whatever the server offers.
    const plain = { ...mapped, options: mapped.options.filter(({ number }) => number !== 65002) };
    const { answer } = requestToHttp(plain, server);
    const response = responseToCoap({ status: 200, headers: JSON_TYPE, body }, answer, server);
    expect(uint(response, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
    expect(fed).toEqual([]);
  });
});

describe('never reaches the compressor', () => {
  it.each([
    ['POST', 'v3/login'],
    ['POST', 'v3/register'],
    ['POST', 'v3/refresh'],
    ['POST', 'v3/logout'],
    ['POST', 'v3/logout/all'],
    ['POST', 'v3/account/password'],
    ['GET', 'v3/account/whoami'],
    ['POST', 'v3/account/3pid/add'],
    ['POST', 'v3/delete_devices'],
    ['POST', 'v3/keys/device_signing/upload'],
    ['POST', 'v1/login/get_token'],
    ['POST', 'v3/user/@a:l/openid/request_token'],
    ['GET', 'v3/voip/turnServer'],
    ['PUT', 'v3/room_keys/keys'],
    ['GET', 'v3/room_keys/keys/!r/s'],
    ['GET', 'v3/room_keys/version'],
    ['POST', 'v3/search'],
    ['GET', 'v3/notifications'],
    ['GET', 'v3/publicRooms'],
    ['POST', 'v3/publicRooms'],
    ['POST', 'v3/user_directory/search'],
    ['POST', 'v3/pushers/set'],
    ['GET', 'v3/joined_rooms'],
    ['GET', 'v1/rooms/!r/hierarchy'],
    ['GET', 'v3/keys/changes'],
    ['PUT', 'unstable/org.matrix.msc3814.v1/dehydrated_device'],
    ['POST', 'v3/what_nobody_has_thought_of'],
    ['POST', 'v3/rooms/!r/send/m.room.message'],
    ['PATCH', 'v3/rooms/!r/send/m.room.message/1'],
  ])('a body of %s %s', (method, path) => {
    if (method !== 'PATCH') exchange(method, path, method === 'GET' ? undefined : filler(SECRET), filler(SECRET));
    expect(compressible(method, `/_matrix/client/${path}`)).toEqual({ request: 'never', response: 'never' });
    expect(fed).toEqual([]);
  });

  it('a body outside of the client API', () => {
    expect(compressible('PUT', '/_matrix/clientele/v3/rooms/!r/send/t/1').request).toBe('never');
    expect(compressible('PUT', '/rooms/!r/send/t/1').request).toBe('never');
  });

  it.each(SECRET_KEYS)('a body with a key "%s", however deep', (key) => {
    const body = { ...filler('x'), list: [{ deep: { [key]: SECRET } }] };
    exchange('PUT', 'v3/rooms/!r:l/send/m.room.message/1', body, body);
    exchange('GET', 'v3/sync?since=1', undefined, {
      account_data: { events: [body] },
      rooms: { join: { '!a:l': body } },
    });
    expect(fed).toEqual([]);
  });

  it('a refusal, which may have a session of authentication', () => {
    exchange('PUT', 'v3/rooms/!r:l/send/m.room.message/1', undefined, filler(SECRET), 401);
    expect(fed).toEqual([]);
  });

  it('the access token', () => {
    const { client } = agreed();
    const headers = [['authorization', `Bearer ${SECRET.replaceAll(' ', '_')}`]] as const;
    const body = utf8(JSON.stringify(filler('text')));
    requestToCoap({ method: 'PUT', target: '/_matrix/client/v3/rooms/!r/send/t/1', headers, body }, client);
    expect(fed).toHaveLength(1);
    expect(fed.join()).not.toContain('the_secret');
  });
});

describe('no stream of an answer of /sync has what one person can write and the secret of another', () => {
  const guess = 'guess guess guess guess guess';
  const room = (words: string) => ({ timeline: { events: [{ type: 'm.room.message', content: { body: words } }] } });
  const event = (sender: string, words: string) => ({ type: 'm.x', sender, content: { body: words } });
  const GUESSES = {
    'a room': { rooms: { join: { '!guess:l': room(guess) } } },
    'an invitation': { rooms: { invite: { '!guess:l': { invite_state: { events: [event('@mallory:l', guess)] } } } } },
    'a to-device message': { to_device: { events: [event('@mallory:l', guess)] } },
    'a presence': { presence: { events: [event('@mallory:l', guess)] } },
  };
  const SECRETS = {
    'another room': { rooms: { join: { '!secret:l': room(SECRET) } } },
    'a room that was left': { rooms: { leave: { '!secret:l': room(SECRET) } } },
    'account data': { account_data: { events: [{ type: 'm.x', content: { body: SECRET } }] } },
    'a to-device message of another': { to_device: { events: [event('@alice:l', SECRET)] } },
    'a presence of another': { presence: { events: [event('@alice:l', SECRET)] } },
    'whose devices changed': { device_lists: { changed: [SECRET], left: [] } },
    'what nobody knows yet': { 'org.example.new': { body: SECRET } },
    'rooms in a relation that nobody knows yet': { rooms: { 'org.example.new': { '!secret:l': room(SECRET) } } },
    'a room of version 12': { rooms: { join: { [`!${'A'.repeat(43)}`]: room(SECRET) } } },
  };
  const pairs = Object.entries(GUESSES).flatMap(([a, guessing]) =>
    Object.entries(SECRETS).map(([b, secret]) => [a, b, merge(guessing, secret)] as const),
  );

  it.each(pairs)('%s and %s', (_, __, answer) => {
    exchange('GET', 'v3/sync?since=1', undefined, { next_batch: 's1', ...(answer as object) });
    expect(fed.some((input) => input.includes('guess guess'))).toBe(true);
    for (const input of fed) expect(input.includes('guess guess') && input.includes(SECRET)).toBe(false);
  });

  it('sliding sync: rooms, and what its extensions say of rooms and senders', () => {
    const answer = {
      pos: '1',
      lists: { all: { count: 2 } },
      rooms: { '!guess:l': room(guess), '!secret:l': room(SECRET) },
      extensions: {
        to_device: { next_batch: '1', events: [event('@mallory:l', guess), event('@alice:l', SECRET)] },
        e2ee: { device_lists: { changed: [SECRET], left: [] } },
        account_data: { global: [{ type: 'm.x', content: { body: SECRET } }], rooms: {} },
        receipts: { rooms: { '!secret:l': { content: { body: SECRET } }, '!guess:l': { body: guess } } },
        typing: { rooms: { '!secret:l': { content: { body: SECRET } }, '!guess:l': { body: guess } } },
        'org.example.new': { body: SECRET },
      },
    };
    for (const path of ['unstable/org.matrix.simplified_msc3575/sync?pos=0', 'v4/sync?pos=0']) {
      exchange('POST', path, { lists: {} }, answer);
      expect(fed.length).toBeGreaterThan(8);
      for (const input of fed) expect(input.includes('guess guess') && input.includes(SECRET)).toBe(false);
    }
  });

  it('a push of one room is one stream', () => {
    const { answer } = exchange('GET', 'v3/sync?since=1', undefined, {
      next_batch: 's',
      rooms: { join: { '!a:l': room(guess) } },
    });
    expect(fed).toHaveLength(1);
    expect(answer.payload[0]! & 6).not.toBe(6);
  });

  it('an answer of another shape is compressed only where that is known to be safe', () => {
    for (const shape of [
      [SECRET],
      SECRET,
      1,
      { rooms: [SECRET] },
      { to_device: { events: [SECRET] } },
      { presence: SECRET },
    ]) {
      exchange('GET', 'v3/sync?since=1', undefined, shape);
      expect(fed.join()).not.toContain(SECRET);
    }
  });

  function merge(a: object, b: object): unknown {
    const result: Record<string, unknown> = { ...a };
    for (const [key, value] of Object.entries(b)) {
      const old = result[key];
      if (Array.isArray(old) && Array.isArray(value)) result[key] = [...old, ...value];
      else if (typeof old === 'object' && old !== null) result[key] = merge(old, value);
      else result[key] = value;
    }
    return result;
  }
});

describe.each([
  ['node:zlib', nodeDeflate()],
  ['fflate', fflateDeflate()],
])('%s', (_, deflate) => {
  const send = (payload: Uint8Array, maxBytes?: number) =>
    requestToHttp(coap(Code.PUT, '9/!r/type/t', [], payload), agreed({ deflate, maxBytes }).server);

  it('reads what the other wrote', () => {
    const data = utf8(JSON.stringify(filler('abc').a).repeat(50));
    for (const other of [nodeDeflate({ level: 1 }), fflateDeflate({ level: 6 })]) {
      expect(deflate.decompress(other.compress(data, dictionary()), dictionary(), data.length)).toEqual(data);
    }
    expect(deflate.decompress(deflate.compress(NOTHING, dictionary()), dictionary(), 1)).toHaveLength(0);
  });

  it('stops at the cap: a bomb costs nobody his memory', () => {
    const bomb = deflateRawSync(new Uint8Array(20_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    refused('body', () => send(bomb, 1_000_000));
    // In parts, each of which is small enough.
    const part = deflateRawSync(new Uint8Array(600_000));
    const head = Uint8Array.of(((part.length * 2 + 1) & 0x7f) | 0x80, (part.length * 2 + 1) >> 7);
    refused('body', () => send(Uint8Array.of(7, ...head, ...part, ...head, ...part), 1_000_000));
  });

  it.each([
    ['nothing that is DEFLATE', 'ffffffffff'],
    ['a stream that ends too early', '431af0c9'],
    ['a stored block that is cut off', '000500faff61'],
    ['parts without a head', '0780'],
    ['a head without an end', '07808080808080808080'],
    ['a part that is longer than the body', '070a00'],
    ['a part that is no DEFLATE', '0703ff'],
    ['no parts', '07'],
    ['parts that make no CBOR', '0702ff'],
  ])('refuses %s', (__, digits) => {
    refused('body', () => send(hex(digits)));
    const { client } = agreed({ deflate });
    const request = requestToCoap({ method: 'GET', target: '/_matrix/client/v3/sync', headers: [] }, client);
    refused('response', () =>
      responseToHttp({ code: Code.Content, options: [], payload: hex(digits) }, request, client),
    );
  });

  it('random bytes: a MappingError or a body', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, parts) => {
        const payload = parts ? Uint8Array.of(7, ...bytes) : bytes;
        try {
          send(payload);
        } catch (error) {
          expect(error).toMatchObject({ name: 'MappingError' });
        }
      }),
      { seed: 3079, numRuns: 2000 },
    );
  });
});

test('an error of the layers in front has its text where a body would be compressed', () => {
  const { client } = agreed();
  const request = requestToCoap({ method: 'GET', target: '/_matrix/client/v3/sync', headers: [] }, client);
  const back = responseToHttp({ code: Code.ServiceUnavailable, options: [], payload: utf8('busy') }, request, client);
  expect(JSON.parse(text(back.body))).toEqual({ errcode: 'M_UNKNOWN', error: 'busy' });
});

test('an answer in JSON, where it has no CBOR form, is labelled', () => {
  const { client, server } = agreed();
  const mapped = requestToCoap({ method: 'GET', target: '/_matrix/client/v3/sync', headers: [] }, client);
  const { answer } = requestToHttp(mapped, server);
  const body = utf8('{"n":123456789012345678901234567890}');
  const response = responseToCoap({ status: 200, headers: JSON_TYPE, body }, answer, server);
  expect(uint(response, OptionNumber.ContentFormat)).toBe(ContentFormat.Json);
  expect(text(responseToHttp(response, mapped, client).body)).toBe(text(body));
});

test('a client that says it is JSON is believed', () => {
  const { server } = agreed();
  expect(text(requestToHttp(coap(Code.PUT, '9/!r/type/t', [format(50)], utf8('{}')), server).body)).toBe('{}');
});

test('RFC 7641 4.2: all answers of /sync have the same format, also what may not be compressed or is too short for it', () => {
  for (const answer of [
    { next_batch: 's'.repeat(100) },
    { next_batch: 's', account_data: { events: [{ passphrase: SECRET }] } },
    { a: 1 },
    {},
  ]) {
    const { answer: response } = exchange('GET', 'v3/sync?since=1', undefined, answer);
    expect(uint(response, OptionNumber.ContentFormat)).toBeUndefined();
  }
});
