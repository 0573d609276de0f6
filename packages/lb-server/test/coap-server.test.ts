import {
  Code,
  ContentFormat,
  codeToString,
  OptionNumber,
  opaqueOption,
  stringOption,
  uintOption,
  uintValue,
} from '@lb-matrix/coap-codec';
import { decodeValue, encodeJson, keyTable } from '@lb-matrix/lb-cbor-keys';
import type { ExchangeRecord } from '@lb-matrix/lb-server';
import { PrivateOption } from '@lb-matrix/msc3079-mapper';
import { describe, expect, it } from 'vitest';
import { testServer, within } from './support/link.ts';
import { json, parse, scriptedUpstream, VIA } from './support/upstream.ts';

const EVENT = { msgtype: 'm.text', body: 'Hello World' };
const SEND = '/_matrix/client/v3/rooms/!r:x/send/m.room.message/1';
const WHOAMI = '/_matrix/client/v3/account/whoami';

describe('a request over CoAP', () => {
  it('reaches the homeserver as the HTTP request that it means, and its answer comes back', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, { event_id: '$1' }));
    const { platform, session } = testServer({ upstream });
    const got = await within(platform, 10, session().ask('PUT', SEND, { token: 'syt_secret', json: EVENT }));
    expect(requests).toEqual([
      {
        method: 'PUT',
        target: '/_matrix/client/v3/rooms/!r%3Ax/send/m.room.message/1',
        headers: [
          ['accept', 'application/json'],
          ['authorization', 'Bearer syt_secret'],
          ['content-type', 'application/json'],
          VIA,
        ],
        body: new TextEncoder().encode(JSON.stringify(EVENT)),
        signal: expect.any(AbortSignal),
      },
    ]);
    expect(got).toMatchObject({ status: 200, json: { event_id: '$1' } });
    expect(uintValue(got.coap.options, OptionNumber.ContentFormat)).toBe(ContentFormat.Cbor);
  });

  it('R12, R14: runs with the token of its own session, whatever its address', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream });
    const tokens = () => requests.map(({ headers }) => headers.find(([name]) => name === 'authorization')?.[1]);
    const alice = session();
    await within(platform, 10, alice.ask('GET', WHOAMI, { token: 'alice' }));
    const { client: bob } = session();
    const whoami = { code: Code.GET, options: [stringOption(OptionNumber.UriPath, '2')] };
    await within(platform, 10, bob.request(whoami));
    await within(platform, 10, alice.client.request(whoami));
    expect(tokens()).toEqual(['Bearer alice', undefined, 'Bearer alice']);
  });

  it('R25, R28: is told by /versions what there is', async () => {
    const { upstream } = scriptedUpstream(() => json(200, { versions: ['v1.15'] }));
    const { platform, session } = testServer({ upstream });
    const { json: versions } = await within(platform, 10, session().ask('GET', '/_matrix/client/versions'));
    const offer = { dtls: 8448, cbor_enum_version: 1, coap_enum_version: 1, transmission: true };
    expect(versions).toEqual({
      versions: ['v1.15'],
      'm.low_bandwidth': offer,
      'org.matrix.msc3079.low_bandwidth': offer,
    });
  });

  it('R26, R27: gets integer keys after it has asked for them or sent some, and only then', async () => {
    const { upstream } = scriptedUpstream(() => json(200, { event_id: '$1' }));
    const { platform, session } = testServer({ upstream });
    const firstKey = async (keyTableOfClient: 0 | 1, askKeyTable: boolean) => {
      const asking = session({ keyTable: keyTableOfClient, askKeyTable }).ask('PUT', SEND, { json: EVENT });
      return (await within(platform, 10, asking)).coap.payload[1];
    };
    expect(await firstKey(0, false)).toBe(0x60 + 'event_id'.length);
    expect(await firstKey(1, false)).toBe(0x01);
    expect(await firstKey(0, true)).toBe(0x01);
  });

  it('with an unknown key table is a bad option (4.02)', async () => {
    const { upstream } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream });
    const options = [stringOption(OptionNumber.UriPath, '0'), uintOption(OptionNumber.CborKeys, 9)];
    const response = await within(platform, 10, session().client.request({ code: Code.GET, options }));
    expect(codeToString(response.code)).toBe('4.02');
  });

  it('with Observe is answered as a plain GET where there is nothing to observe', async () => {
    const { upstream } = scriptedUpstream(() => json(200, { next_batch: 's1' }));
    const { platform, session } = testServer({ upstream });
    const options = [uintOption(OptionNumber.Observe, 0), stringOption(OptionNumber.UriPath, '2')];
    const response = await within(platform, 10, session().client.request({ code: Code.GET, options }));
    expect(codeToString(response.code)).toBe('2.05');
    expect(uintValue(response.options, OptionNumber.Observe)).toBeUndefined();
    expect(decodeValue(response.payload)).toEqual({ next_batch: 's1' });
  });

  it('expands a path enum as told', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream, pathPrefix: 'r0' });
    await within(platform, 10, session().ask('GET', '/_matrix/client/v3/sync?since=s1'));
    expect(requests[0]!.target).toBe('/_matrix/client/r0/sync?since=s1');
  });

  it('names the client to the homeserver where told so, by a validated address only', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const telling = testServer({ upstream, forwardClientAddress: true });
    await within(telling.platform, 10, telling.session().ask('GET', WHOAMI));
    const unproven = { address: '203.0.113.9', port: 1, validated: false };
    await within(telling.platform, 10, telling.session({ peer: unproven }).ask('GET', WHOAMI));
    const silent = testServer({ upstream });
    await within(silent.platform, 10, silent.session().ask('GET', WHOAMI));
    const forwarded = requests.map(({ headers }) => headers.filter(([name]) => name === 'x-forwarded-for'));
    expect(forwarded).toEqual([[['x-forwarded-for', '192.0.2.7']], [], []]);
  });

  it('leaves a record without token, query and body', async () => {
    const records: ExchangeRecord[] = [];
    const { upstream } = scriptedUpstream(() => json(200, { secret: 'answer' }));
    const { platform, session } = testServer({ upstream, onExchange: (record) => records.push(record) });
    const { coap } = await within(
      platform,
      10,
      session().ask('PUT', `${SEND}?secret=query`, { token: 'secret', json: { body: 'secret' } }),
    );
    expect(records).toEqual([
      {
        transport: 'coap',
        method: 'PUT',
        path: '/_matrix/client/v3/rooms/!r%3Ax/send/m.room.message/1',
        status: 200,
        requestBytes: encodeJson('{"body":"secret"}', { keys: keyTable(1) }).length,
        responseBytes: coap.payload.length,
        milliseconds: 0,
        peer: { address: '192.0.2.7', port: 40_000 },
        error: undefined,
      },
    ]);
  });
});

describe('what existing clients get (faults of the original)', () => {
  const existing = { announce: false };

  it.each([
    [200, '2.05'],
    [201, '2.05'],
    [400, '4.00'],
    [401, '4.01'],
    [403, '4.03'],
    [404, '4.04'],
    [405, '4.05'],
    [409, '4.00'],
    [413, '4.13'],
    [429, '4.00'],
    [500, '5.00'],
    [502, '5.02'],
    [503, '5.02'],
    [504, '5.04'],
  ])('HTTP %i keeps its body, under a code that they know', async (status, code) => {
    const body = { errcode: 'M_LIMIT_EXCEEDED', error: 'Too fast', retry_after_ms: 2000 };
    const { upstream } = scriptedUpstream(() => json(status, body));
    const { platform, session } = testServer({ upstream });
    const { coap } = await within(platform, 10, session(existing).ask('PUT', SEND, { json: EVENT }));
    expect(codeToString(coap.code)).toBe(code);
    expect(decodeValue(coap.payload)).toEqual(body);
  });

  it.each([
    [200, '2.04'],
    [201, '2.01'],
    [409, '4.09'],
    [429, '4.29'],
    [503, '5.03'],
  ])('HTTP %i is exact for those who announce themselves', async (status, code) => {
    const { upstream } = scriptedUpstream(() => json(status, { retry_after_ms: 1500 }, [['Retry-After', '2']]));
    const { platform, session } = testServer({ upstream });
    const got = await within(platform, 10, session().ask('PUT', SEND, { json: EVENT }));
    expect(codeToString(got.coap.code)).toBe(code);
    expect(got).toMatchObject({ status, json: { retry_after_ms: 1500 } });
    const wait = status === 429 || status === 503 ? 2 : undefined;
    expect(uintValue(got.coap.options, OptionNumber.MaxAge)).toBe(wait);
  });

  it('a byte string before login is M_NOT_JSON, and the process lives', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream });
    const { client, ask } = session(existing);
    const response = await within(
      platform,
      10,
      client.request({
        code: Code.POST,
        options: [stringOption(OptionNumber.UriPath, '1'), uintOption(OptionNumber.ContentFormat, ContentFormat.Cbor)],
        payload: Uint8Array.of(0xa1, 0x02, 0x43, 1, 2, 3),
      }),
    );
    expect(codeToString(response.code)).toBe('4.00');
    expect(decodeValue(response.payload)).toMatchObject({ errcode: 'M_NOT_JSON' });
    expect(requests).toHaveLength(0);
    expect(await within(platform, 10, ask('GET', WHOAMI))).toMatchObject({ status: 200 });
  });

  it.each([
    [['_synapse', 'admin', 'v1', 'users'], '4.04'],
    [['_matrix', 'federation', 'v1', 'version'], '4.04'],
    [['_matrix', 'media', 'v3', 'config'], '4.04'],
    [['_matrix', 'client', '..', '..', '_synapse', 'admin'], '4.00'],
    [['_matrix', 'client', '%2e%2e', 'x'], '4.00'],
    [['_matrix', 'client', 'a/../../../_synapse'], '4.00'],
    [['~'], '4.04'],
    [[], '4.04'],
  ])('%j is no way out of /_matrix/client/', async (segments, code) => {
    const records: ExchangeRecord[] = [];
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream, onExchange: (record) => records.push(record) });
    const options = segments.map((segment) => stringOption(OptionNumber.UriPath, segment));
    const response = await within(platform, 10, session(existing).client.request({ code: Code.GET, options }));
    expect(codeToString(response.code)).toBe(code);
    expect(decodeValue(response.payload)).toMatchObject({ errcode: expect.stringMatching(/^M_/) });
    expect(requests).toHaveLength(0);
    expect(records).toMatchObject([
      { method: 'GET', path: `/${segments.map(encodeURIComponent).join('/')}`, status: Number(code.replace('.', '')) },
    ]);
  });

  it('a token above 255 bytes arrives', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream });
    const token = 'x'.repeat(900);
    await within(platform, 10, session(existing).ask('GET', WHOAMI, { token }));
    expect(requests[0]!.headers).toContainEqual(['authorization', `Bearer ${token}`]);
  });

  it('a token that would be another header is refused', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream });
    const options = [
      stringOption(OptionNumber.UriPath, '2'),
      opaqueOption(OptionNumber.Authorization, new TextEncoder().encode('t\r\nX-Forwarded-For: 127.0.0.1')),
    ];
    const response = await within(platform, 10, session(existing).client.request({ code: Code.GET, options }));
    expect(codeToString(response.code)).toBe('4.00');
    expect(requests).toHaveLength(0);
  });

  it('an answer whose content type has a charset is JSON', async () => {
    const { upstream } = scriptedUpstream(() => ({
      ...json(200, { a: 1 }),
      headers: [['Content-Type', 'application/json; charset=utf-8']],
    }));
    const { platform, session } = testServer({ upstream });
    expect(await within(platform, 10, session(existing).ask('GET', WHOAMI))).toMatchObject({
      status: 200,
      json: { a: 1 },
    });
  });

  it('what is asked in JSON is answered in JSON, errors too', async () => {
    const { upstream } = scriptedUpstream(() => json(200, { a: 1 }));
    const { platform, session } = testServer({ upstream });
    const { client } = session(existing);
    const post = async (path: string) => {
      const options = [
        stringOption(OptionNumber.UriPath, path),
        uintOption(OptionNumber.ContentFormat, ContentFormat.Json),
      ];
      const payload = new TextEncoder().encode('{}');
      const response = await within(platform, 10, client.request({ code: Code.POST, options, payload }));
      expect(uintValue(response.options, OptionNumber.ContentFormat)).toBe(ContentFormat.Json);
      return parse(response.payload);
    };
    expect(await post('1')).toEqual({ a: 1 });
    expect(await post('~')).toEqual({ errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' });
  });
});

describe('a homeserver that fails', () => {
  it.each([
    ['is down', () => Promise.reject(new Error('connect ECONNREFUSED')), 502],
    [
      'answers HTML',
      () => ({ status: 200, headers: [['content-type', 'text/html']], body: Uint8Array.of(60) }) as const,
      502,
    ],
    ['answers broken JSON', () => ({ ...json(200, {}), body: Uint8Array.of(0x7b) }), 502],
    ['redirects', () => json(302, {}), 502],
    ['has no versions', () => json(200, []), 502],
  ])('and %s is a Matrix error', async (_, answer, status) => {
    const records: ExchangeRecord[] = [];
    const { platform, session } = testServer({
      upstream: async () => answer(),
      onExchange: (record) => records.push(record),
    });
    const got = await within(platform, 10, session().ask('GET', '/_matrix/client/versions'));
    expect(got).toMatchObject({ status, json: { errcode: 'M_UNKNOWN' } });
    expect(JSON.stringify(got.json)).not.toContain('ECONNREFUSED');
    expect(records).toMatchObject([{ status, error: expect.any(Error) }]);
  });

  it('and says nothing is a 504, after the client was told that we have its request', async () => {
    const { platform, session } = testServer({ upstream: () => new Promise(() => undefined) });
    const got = await within(platform, 61_000, session().ask('GET', WHOAMI));
    expect(got).toMatchObject({ status: 504, json: { errcode: 'M_UNKNOWN' } });
  });
});

describe('time', () => {
  it('a slow request gets its empty ACK after 200 ms, its answer later, as a CON of its own', async () => {
    const { upstream } = scriptedUpstream(
      () => new Promise((resolve) => platform.setTimer(5000, () => resolve(json(200, {})))),
    );
    const { platform, session } = testServer({ upstream });
    const { ask, sightings } = session();
    const started = platform.now();
    await within(platform, 6000, ask('GET', WHOAMI));
    const timeline = sightings.map(({ from, at, bytes }) => [from, at - started, (bytes[0]! >> 4) & 3, bytes[1]]);
    expect(timeline).toEqual([
      ['client', 0, 0, Code.GET],
      ['server', 200, 2, Code.Empty],
      ['server', 5000, 0, Code.Content],
      ['client', 5000, 2, Code.Empty],
    ]);
  });

  it('the ACK delay is an option', async () => {
    const { platform, session } = testServer({ upstream: () => new Promise(() => undefined), ackDelay: 50 });
    const { ask, sightings } = session();
    const started = platform.now();
    void ask('GET', WHOAMI);
    await platform.advance(100);
    expect(sightings.map(({ at }) => at - started)).toEqual([0, 50]);
  });

  it('a long-poll gets its empty ACK at once', async () => {
    const { platform, session } = testServer({ upstream: () => new Promise(() => undefined) });
    const { ask, sightings } = session();
    const started = platform.now();
    void ask('GET', '/_matrix/client/v3/sync?timeout=30000');
    await platform.advance(10);
    expect(sightings.map(({ from, at, bytes }) => [from, at - started, bytes[1]])).toEqual([
      ['client', 0, Code.GET],
      ['server', 0, Code.Empty],
    ]);
  });

  it('a quick answer comes in the ACK', async () => {
    const { upstream } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream });
    const { ask, sightings } = session();
    await within(platform, 10, ask('GET', '/_matrix/client/v3/sync?timeout=0'));
    expect(sightings).toHaveLength(2);
  });

  it('the homeserver is not asked any longer than the session lasts', async () => {
    const { upstream, requests } = scriptedUpstream(() => new Promise(() => undefined));
    const { platform, session } = testServer({ upstream });
    const { ask, pipe } = session();
    ask('GET', WHOAMI).catch(() => undefined);
    await platform.advance(10);
    expect(requests[0]!.signal.aborted).toBe(false);
    pipe.close();
    await platform.advance(10);
    expect(requests[0]!.signal.aborted).toBe(true);
  });
});

describe('limits', () => {
  it('a body above the limit is 413 M_TOO_LARGE', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream, limits: { maxRequestBytes: 2000 } });
    const large = { body: 'x'.repeat(5000) };
    for (const announce of [true, false]) {
      const got = await within(platform, 100, session({ announce }).ask('PUT', SEND, { json: large }));
      expect(got).toMatchObject({ status: 413, json: { errcode: 'M_TOO_LARGE' } });
    }
    expect(requests).toHaveLength(0);
  });

  it('a body that grows beyond the limit as JSON is, too', async () => {
    const { upstream, requests } = scriptedUpstream(() => json(200, {}));
    const { platform, session } = testServer({ upstream, limits: { maxRequestBytes: 400 } });
    const grows = Array.from({ length: 60 }, () => ({ origin_server_ts: 1 }));
    const got = await within(platform, 100, session().ask('PUT', SEND, { json: { content: grows } }));
    expect(got).toMatchObject({ status: 413, json: { errcode: 'M_TOO_LARGE' } });
    expect(requests).toHaveLength(0);
  });

  it('a session with too many requests is told to wait; another is served', async () => {
    const { upstream, requests } = scriptedUpstream(() => new Promise(() => undefined));
    const { platform, session } = testServer({ upstream, limits: { maxSessionRequests: 1 } });
    const { ask } = session({ announce: false });
    void ask('GET', WHOAMI).catch(() => undefined);
    await platform.advance(300);
    const refused = await within(platform, 10, ask('GET', '/_matrix/client/v3/capabilities'));
    expect(refused).toMatchObject({ status: 400, json: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 1000 } });
    void session()
      .ask('GET', WHOAMI)
      .catch(() => undefined);
    await platform.advance(300);
    expect(requests).toHaveLength(2);
  });
});

describe('the end', () => {
  it('requests finish, then the sessions are told', async () => {
    let answer: () => void = () => undefined;
    const { platform, server, session, listener } = testServer({
      upstream: () =>
        new Promise((resolve) => {
          answer = () => resolve(json(200, { done: true }));
        }),
    });
    const { ask, closed } = session();
    const got = ask('GET', WHOAMI);
    await platform.advance(300);
    const end = server.close();
    await platform.advance(1000);
    expect(closed()).toBe(false);
    answer();
    expect(await within(platform, 100, got)).toMatchObject({ status: 200, json: { done: true } });
    await within(platform, 100, end);
    expect([closed(), listener.closed]).toEqual([true, true]);
  });

  it('a long-poll is answered at once: there is no news, and nobody has to wait for it', async () => {
    const { upstream, requests } = scriptedUpstream(() => new Promise(() => undefined));
    const { platform, server, session } = testServer({ upstream });
    const got = session().ask('GET', '/_matrix/client/v3/sync?timeout=30000');
    await platform.advance(300);
    const end = server.close();
    expect(await within(platform, 100, got)).toMatchObject({ status: 503, json: { errcode: 'M_UNKNOWN' } });
    await within(platform, 100, end);
    expect(requests[0]!.signal.aborted).toBe(true);
  });

  it('what takes longer than the bound is cut', async () => {
    const { upstream, requests } = scriptedUpstream(() => new Promise(() => undefined));
    const { platform, server, session } = testServer({ upstream });
    const { ask, closed } = session();
    ask('GET', WHOAMI).catch(() => undefined);
    await platform.advance(300);
    const end = server.close({ graceful: 1000 });
    await platform.advance(999);
    expect(closed()).toBe(false);
    await within(platform, 1, end);
    expect(closed()).toBe(true);
    expect(requests[0]!.signal.aborted).toBe(true);
  });
});

it('announces what it accepts to who announces itself', async () => {
  const { upstream } = scriptedUpstream(() => json(200, {}));
  const { platform, session } = testServer({ upstream });
  const { coap } = await within(platform, 10, session().ask('GET', WHOAMI));
  expect(uintValue(coap.options, PrivateOption.Features)).toBe(0x10);
  const { coap: more } = await within(platform, 10, session({ transmission: true }).ask('GET', WHOAMI));
  expect(uintValue(more.options, PrivateOption.Features)).toBe(0x30);
});

it('keeps what it has agreed on about transmission: it acknowledges within 200 ms, whatever it was told', async () => {
  let slowly = false;
  const { upstream } = scriptedUpstream(() => (slowly ? new Promise(() => undefined) : json(200, {})));
  const { platform, session } = testServer({ upstream, ackDelay: 5000 });
  const sessions = [session({ transmission: true }), session()];
  for (const { ask } of sessions) await within(platform, 10, ask('GET', WHOAMI));
  slowly = true;
  for (const { ask } of sessions) ask('GET', WHOAMI).catch(() => undefined);
  await platform.advance(250);
  const answers = sessions.map(({ sightings }) => sightings.filter(({ from }) => from === 'server').length);
  expect(answers).toEqual([2, 1]);
});
