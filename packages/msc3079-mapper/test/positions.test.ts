import { Code, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type ClientSession,
  type CoapParts,
  createClientSession,
  createServerSession,
  errorToCoap,
  featuresLost,
  type MappingError,
  positionLost,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
  type ServerSession,
} from '../src/index.ts';
import { nodeDeflate } from '../src/node.ts';
import { get, NOTHING, refused, text, uint, utf8, values } from './support.ts';

const compression = { deflate: nodeDeflate() };
const SYNC = '/_matrix/client/v3/sync';
const SLIDING = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync';

/** A client and a server, agreed on everything, and what has crossed between them. */
function connection() {
  const client = createClientSession({ tables: 2, compression });
  client.agreed = client.announced;
  client.features = client.announced;
  client.unsettled.clear();
  const server = createServerSession({ tables: 2, compression });
  server.features = client.announced;
  return { client, server, wire: [] as CoapParts[] };
}

type Connection = ReturnType<typeof connection>;

/** A request for news and its answer, sent again as the server wants it. Returns what the homeserver saw and the app got. */
function ask({ client, server, wire }: Connection, target: string, answer: string, body?: string) {
  const http = { method: body === undefined ? 'GET' : 'POST', target, headers: [] };
  for (;;) {
    const mapped = requestToCoap(body === undefined ? http : { ...http, body: utf8(body) }, client);
    wire.push(mapped);
    const response = answered(mapped, server, answer);
    wire.push(response.coap);
    if (positionLost(response.coap, mapped, client) || featuresLost(response.coap, mapped, client)) continue;
    const back = responseToHttp(response.coap, mapped, client);
    return { asked: response.target, body: response.body, status: back.status, got: text(back.body) };
  }
}

function answered(mapped: CoapParts, server: ServerSession, answer: string) {
  let asked: ReturnType<typeof requestToHttp>;
  try {
    asked = requestToHttp(mapped, server);
  } catch (error) {
    return { coap: errorToCoap(error as MappingError, mapped, server), target: '', body: '' };
  }
  const headers = [['content-type', 'application/json']] as const;
  const coap = responseToCoap({ status: 200, headers, body: utf8(answer) }, asked.answer, server);
  return { coap, target: asked.target, body: text(asked.body) };
}

const etag = (parts: CoapParts | undefined): number | undefined => parts && uint(parts, OptionNumber.ETag);
const bytes = (parts: CoapParts): number =>
  parts.options.reduce((sum, { value }) => sum + 1 + value.length, parts.payload.length);

describe('/sync, polled', () => {
  it('names its position by the ETag of the answer that led there, and leaves out a query that is the same', () => {
    const there = connection();
    const query = 'filter=12&timeout=3000&set_presence=online';
    ask(there, `${SYNC}?${query}`, '{"next_batch":"s1"}');
    const next = ask(there, `${SYNC}?${query}&since=s1`, '{"next_batch":"s2","a":1}');
    expect(new URL(next.asked, 'http://x').searchParams.toString()).toBe(`${query}&since=s1`);
    expect(next.got).toBe('{"next_batch":"s2","a":1}');
    const [, first, request] = there.wire;
    expect(etag(first)).toBe(1);
    expect(etag(request)).toBe(1);
    expect(values(request!, OptionNumber.UriPath)).toEqual(['7']);
    expect(values(request!, OptionNumber.UriQuery)).toEqual([]);
    expect(bytes(request!)).toBe(4);
  });

  it('sends a query that has changed, and only the ETag in place of the position', () => {
    const there = connection();
    ask(there, `${SYNC}?filter=12&timeout=0`, '{"next_batch":"s1"}');
    const { asked } = ask(there, `${SYNC}?filter=12&timeout=5000&since=s1`, '{"next_batch":"s2"}');
    expect(asked).toBe(`${SYNC}?filter=12&timeout=5000&since=s1`);
    expect(values(there.wire[2]!, OptionNumber.UriQuery)).toEqual(['f=12', 't=5000']);
  });

  it('is sent in full where the new query would look like none', () => {
    const there = connection();
    ask(there, `${SYNC}?timeout=0`, '{"next_batch":"s1"}');
    const { asked } = ask(there, `${SYNC}?timeout=30000&since=s1`, '{"next_batch":"s2"}');
    expect(new URL(asked, 'http://x').searchParams.get('timeout')).toBe('30000');
    expect(etag(there.wire[2])).toBeUndefined();
  });

  it('goes on where the app goes on, from a position that was never given too', () => {
    const there = connection();
    ask(there, SYNC, '{"next_batch":"s1"}');
    ask(there, `${SYNC}?since=s1`, '{"next_batch":"s2"}');
    expect(ask(there, `${SYNC}?since=s0`, '{"next_batch":"s3"}').asked).toContain('since=s0');
    expect(etag(there.wire[4])).toBeUndefined();
  });

  it('is asked from a position of any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (position) => {
        fc.pre(!/\p{Surrogate}/u.test(position));
        const there = connection();
        ask(there, SYNC, JSON.stringify({ next_batch: position }));
        const { asked } = ask(there, `${SYNC}?since=${encodeURIComponent(position)}`, '{"next_batch":"x"}');
        expect(new URL(asked, 'http://x').searchParams.get('since')).toBe(position);
        expect(etag(there.wire[2])).toBe(1);
      }),
      { seed: 3079 },
    );
  });

  it('is 2.03 when the answer is the one before: the app gets that, byte for byte', () => {
    const there = connection();
    const idle = '{"next_batch":"s1","device_one_time_keys_count":{"signed_curve25519":50}}';
    ask(there, SYNC, idle);
    for (let i = 0; i < 3; i++) {
      expect(ask(there, `${SYNC}?since=s1`, idle)).toMatchObject({ status: 200, got: idle });
      expect(there.wire.at(-1)).toEqual({
        code: Code.Valid,
        options: [uintOption(OptionNumber.ETag, 1)],
        payload: NOTHING,
      });
    }
  });

  it.each([
    ['its position', '{"next_batch":"s2","device_one_time_keys_count":{"signed_curve25519":50}}'],
    ['a count', '{"next_batch":"s1","device_one_time_keys_count":{"signed_curve25519":49}}'],
    ['an order', '{"device_one_time_keys_count":{"signed_curve25519":50},"next_batch":"s1"}'],
  ])('is an answer of its own when only %s has changed', (_, answer) => {
    const there = connection();
    ask(there, SYNC, '{"next_batch":"s1","device_one_time_keys_count":{"signed_curve25519":50}}');
    expect(ask(there, `${SYNC}?since=s1`, answer).got).toBe(answer);
    expect(there.wire.at(-1)!.code).toBe(Code.Content);
    expect(etag(there.wire.at(-1))).toBe(2);
  });

  it('is asked in full again, once, of a server that does not know the ETag any more', () => {
    const there = connection();
    ask(there, SYNC, '{"next_batch":"s1"}');
    for (let i = 0; i < 4; i++) ask({ ...there, client: other(there.client) }, `${SYNC}?since=x`, '{"next_batch":"x"}');
    there.wire.length = 0;
    expect(ask(there, `${SYNC}?timeout=1&since=s1`, '{"next_batch":"s2"}').asked).toBe(`${SYNC}?timeout=1&since=s1`);
    expect(there.wire.map(({ code }) => code)).toEqual([Code.GET, Code.PreconditionFailed, Code.GET, Code.Content]);
    expect(etag(there.wire[2])).toBeUndefined();
    expect(ask(there, `${SYNC}?timeout=1&since=s2`, '{"next_batch":"s3"}').asked).toContain('since=s2');
    expect(etag(there.wire[4])).toBe(6);
  });

  it('has no ETags any more with a server that keeps forgetting', () => {
    const there = connection();
    ask(there, `${SYNC}?timeout=1`, '{"next_batch":"s0"}');
    for (let i = 0; i < 5; i++) {
      const forgetful = { ...there, server: connection().server };
      ask(forgetful, `${SYNC}?timeout=1&since=s${i}`, `{"next_batch":"s${i + 1}"}`);
    }
    expect(there.wire.filter(({ code }) => code === Code.PreconditionFailed)).toHaveLength(3);
  });

  it('is told 4.15, not the whole account, by a server that has forgotten what was agreed on', () => {
    const there = connection();
    ask(there, SYNC, '{"next_batch":"s1"}');
    const server = createServerSession({ tables: 2, compression });
    there.wire.length = 0;
    expect(ask({ ...there, server }, `${SYNC}?since=s1`, '{"next_batch":"s2"}').asked).toBe(`${SYNC}?since=s1`);
    expect(there.wire[1]!.code).toBe(Code.UnsupportedContentFormat);
  });

  it('has no ETag where it goes by its full path, by which nobody could tell that', () => {
    const there = connection();
    ask(there, `${SYNC}?f=1`, '{"next_batch":"s1"}');
    expect(ask(there, `${SYNC}?f=1&since=s1`, '{"next_batch":"s2"}').asked).toContain('since=s1');
    expect(values(there.wire[2]!, OptionNumber.UriPath)).toHaveLength(4);
    expect(etag(there.wire[2])).toBeUndefined();
  });

  it('is not meant by the ETag of a body in blocks, which has four bytes', () => {
    const there = connection();
    const mapped = requestToCoap({ method: 'GET', target: SYNC, headers: [] }, there.client);
    const { coap } = answered(mapped, there.server, '{"next_batch":"s1"}');
    const options = [{ number: OptionNumber.ETag, value: Uint8Array.of(1, 2, 3, 4) }];
    responseToHttp({ ...coap, options }, mapped, there.client);
    ask(there, `${SYNC}?since=s1`, '{"next_batch":"s2"}');
    expect(etag(there.wire[0])).toBeUndefined();
  });
});

describe('what is observed', () => {
  it('names its position, and is pushed without an ETag', () => {
    const there = connection();
    ask(there, SYNC, '{"next_batch":"s1"}');
    const request = { method: 'GET', target: `${SYNC}?since=s1`, headers: [] };
    const mapped = requestToCoap(request, there.client, { observed: true });
    expect(etag(mapped)).toBeUndefined();
    const observing = { ...mapped, options: [uintOption(OptionNumber.Observe, 0), ...mapped.options] };
    expect(etag(answered(observing, there.server, '{"next_batch":"s2"}').coap)).toBeUndefined();
  });
});

describe('sliding sync, polled', () => {
  const question = (since?: string) =>
    JSON.stringify({
      lists: { all: { ranges: [[0, 20]], timeline_limit: 20 } },
      extensions: { to_device: since === undefined ? { enabled: true } : { enabled: true, since }, e2ee: {} },
    });

  it('leaves out a body that differs by where to-device messages go on, and no more', () => {
    const there = connection();
    ask(there, `${SLIDING}?timeout=9`, '{"pos":"1","extensions":{"to_device":{"next_batch":"7"}}}', question());
    const next = ask(there, `${SLIDING}?timeout=9&pos=1`, '{"pos":"2"}', question('7'));
    expect(next).toMatchObject({ asked: `${SLIDING}?timeout=9&pos=1`, body: question('7'), got: '{"pos":"2"}' });
    expect(there.wire[2]!.payload).toHaveLength(0);
    // The answer says nothing of it: from where it was.
    expect(ask(there, `${SLIDING}?timeout=9&pos=2`, '{"pos":"3"}', question('7')).body).toBe(question('7'));
    expect(there.wire[4]!.payload).toHaveLength(0);
  });

  it.each([
    ['another since', question('8')],
    ['another list', question('7').replace('20', '40')],
    ['no body at all of that', '{}'],
  ])('sends a body with %s', (_, body) => {
    const there = connection();
    ask(there, SLIDING, '{"pos":"1","extensions":{"to_device":{"next_batch":"7"}}}', question());
    expect(ask(there, `${SLIDING}?pos=1`, '{"pos":"2"}', body).body).toBe(body);
    expect(there.wire[2]!.payload.length).toBeGreaterThan(0);
    expect(etag(there.wire[2])).toBe(1);
  });

  it.each([
    ['is longer than a server keeps', JSON.stringify({ a: 'x'.repeat(2048) })],
    ['has an integer that JSON.parse rounds', '{"a":9007199254740993}'],
  ])('sends a body that %s', (_, body) => {
    const there = connection();
    ask(there, SLIDING, '{"pos":"1"}', body);
    expect(ask(there, `${SLIDING}?pos=1`, '{"pos":"2"}', body).body).toBe(body);
    expect(there.wire).toHaveLength(4);
  });

  it('is not continued by a position of /sync', () => {
    const there = connection();
    ask(there, SYNC, '{"next_batch":"s1"}');
    const strange = {
      code: Code.POST,
      options: [uintOption(OptionNumber.ETag, 1), ...get('y').options],
      payload: NOTHING,
    };
    expect(refused('unknown_position', () => requestToHttp(strange, there.server)).status).toBe(412);
  });
});

test('who has agreed on nothing gets no ETag, and may send what he likes', () => {
  const server = createServerSession({ tables: 2, compression });
  const tagged = { ...get('7'), options: [uintOption(OptionNumber.ETag, 1), ...get('_matrix/client/v3/sync').options] };
  const { coap, target } = answered(tagged, server, '{"next_batch":"s1"}');
  expect([target, etag(coap)]).toEqual([SYNC, undefined]);
  expect(etag(answered(get('7'), server, '{"next_batch":"s1"}').coap)).toBeUndefined();
});

test('any walk of an app through positions, answers and losses reads as it was', () => {
  const step = fc.record({
    from: fc.integer({ min: 0, max: 3 }),
    query: fc.constantFrom('', 'timeout=0', 'filter=1&timeout=3000', 'x=%26&timeout=30000'),
    to: fc.integer({ min: 0, max: 3 }),
    lost: fc.boolean(),
    restarted: fc.integer({ max: 9, min: 0 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let there = connection();
      for (const { from, query, to, lost, restarted } of steps) {
        if (restarted === 0) there = { ...there, server: createServerSession({ tables: 2, compression }) };
        const answer = JSON.stringify({ next_batch: `s${to}`, n: to % 2 });
        const since = from === 0 ? '' : `since=s${from}`;
        const target = `${SYNC}?${[query, since].filter((part) => part !== '').join('&')}`;
        if (lost) answered(requestToCoap({ method: 'GET', target, headers: [] }, there.client), there.server, answer);
        const { asked, got } = ask(there, target, answer);
        expect(question(asked)).toEqual(question(target));
        expect(got).toBe(answer);
      }
    }),
    { seed: 3079, numRuns: 300 },
  );
});

/** The arguments of a /sync, but for half a minute of waiting, which is what a missing timeout means to those who have agreed. */
function question(target: string): string[] {
  const all = [...new URL(target, 'http://x').searchParams].map(String);
  return all.filter((argument) => argument !== 'timeout,30000').sort();
}

/** A client on the same connection that does not know what this one knows. */
function other(client: ClientSession): ClientSession {
  return { ...client, positions: createClientSession().positions };
}
