import { Code, ContentFormat } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  type CoapParts,
  createClientSession,
  createServerSession,
  Feature,
  featuresLost,
  type HttpRequest,
  leaveLean,
  type MappedCoapRequest,
  PrivateOption,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import { nodeDeflate } from '../src/node.ts';
import { announce, format, hex, refused, text, uint, utf8 } from './support.ts';

const compression = { deflate: nodeDeflate() };
const SYNC: HttpRequest = { method: 'GET', target: '/_matrix/client/v3/sync?since=s1', headers: [] };
const WHO: HttpRequest = { method: 'GET', target: '/_matrix/client/v3/profile/%40alice%3Aexample.org', headers: [] };

/** Two ends that are asked for everything, and the homeserver's answer to what has crossed between them. */
function ends() {
  const client = createClientSession({ tables: 2, compression, lean: true });
  const server = createServerSession({ tables: 2, compression, lean: true });
  const answer = (request: CoapParts, body: string): CoapParts =>
    responseToCoap({ status: 200, headers: [], body: utf8(body) }, requestToHttp(request, server).answer, server);
  const announced = (request: MappedCoapRequest): number | undefined => uint(request, PrivateOption.Features);
  return { client, server, answer, announced };
}

const NEWS = '{"next_batch":"s2","device_one_time_keys_count":{"signed_curve25519":50}}';

describe('an announcement', () => {
  it('is not settled by the answer to an older one that said something else', () => {
    const { client, answer, announced } = ends();
    const [one, two] = [requestToCoap(WHO, client), requestToCoap(WHO, client)];
    const [first, second] = [answer(one, '{}'), answer(two, '{}')];
    responseToHttp(first, one, client);
    leaveLean(client);
    responseToHttp(second, two, client);
    expect(client.announced & Feature.Lean).toBe(0);
    expect(announced(requestToCoap(WHO, client))).toBe(client.announced);
  });

  it('is made again when an older one has got to the server after it', () => {
    const { client, server, answer, announced } = ends();
    const [one, late] = [requestToCoap(WHO, client), requestToCoap(WHO, client)];
    responseToHttp(answer(one, '{}'), one, client);
    leaveLean(client);
    const newer = requestToCoap(WHO, client);
    responseToHttp(answer(newer, '{}'), newer, client);
    expect(announced(requestToCoap(WHO, client))).toBeUndefined();
    responseToHttp(answer(late, '{}'), late, client);
    expect(server.features! & Feature.Lean).toBe(Feature.Lean);
    const again = requestToCoap(SYNC, client);
    expect(announced(again)! & Feature.Lean).toBe(0);
    expect(text(responseToHttp(answer(again, NEWS), again, client).body)).toBe(NEWS);
    expect(server.features! & Feature.Lean).toBe(0);
  });
});

describe('a question that was begun in forms which the server does not know', () => {
  const query = '?since=s1&filter=0';
  const target = `/_matrix/client/v3/sync${query}`;
  const known = Feature.Tables2 | Feature.Base64;
  const begun = () => createClientSession({ tables: 2, known });

  it('is asked again, whatever it was taken for', () => {
    const client = begun();
    const server = createServerSession();
    const first = requestToCoap({ ...SYNC, target }, client);
    const mapped = requestToHttp(first, server);
    expect(mapped.target).not.toContain('since=');
    const answer = responseToCoap({ status: 200, headers: [], body: utf8(NEWS) }, mapped.answer, server);
    expect(featuresLost(answer, first, client)).toBe(true);
    const again = requestToCoap({ ...SYNC, target }, client);
    expect(requestToHttp(again, server).target).toBe(target);
    const plain = responseToCoap(
      { status: 200, headers: [], body: utf8(NEWS) },
      requestToHttp(again, server).answer,
      server,
    );
    expect(featuresLost(plain, again, client)).toBe(false);
    // By one that does not know the option at all.
    const other = begun();
    expect(featuresLost({ code: Code.Content, options: [] }, requestToCoap(SYNC, other), other)).toBe(true);
  });

  it('is not, where it has done something: a PUT that was taken', () => {
    const client = begun();
    const put = { method: 'PUT', target: '/_matrix/client/v3/presence/@a:b/status', headers: [], body: utf8('{}') };
    expect(featuresLost({ code: Code.Changed, options: [] }, requestToCoap(put, client), client)).toBe(false);
    expect(featuresLost({ code: Code.Content, options: [] }, requestToCoap(put, client), client)).toBe(false);
    expect(featuresLost({ code: Code.NotFound, options: [] }, requestToCoap(put, client), client)).toBe(true);
  });

  it('is refused with a long query, which such a server passes over', () => {
    const client = createClientSession();
    client.features = Feature.ExactCodes;
    const long = { ...SYNC, target: `/_matrix/client/v3/sync?filter=${'x'.repeat(300)}` };
    const request = requestToCoap(long, client);
    expect(featuresLost({ code: Code.Content, options: [announce(16)] }, request, client)).toBe(false);
    expect(featuresLost({ code: Code.Content, options: [] }, request, client)).toBe(true);
    refused('query_too_long', () => requestToCoap(long, client));
  });
});

it('an announcement is answered, also where nothing is new', () => {
  const { client, answer, announced } = ends();
  const first = requestToCoap(SYNC, client);
  responseToHttp(answer(first, NEWS), first, client);
  const from = { ...SYNC, target: SYNC.target.replace('s1', 's2') };
  const second = requestToCoap(from, client);
  const same = responseToHttp(answer(second, NEWS), second, client);
  expect(text(same.body)).toBe(NEWS);
  client.begun = client.announced & (Feature.Tables2 | Feature.Base64 | Feature.Deflate);
  client.unsettled.add(PrivateOption.Features);
  const third = requestToCoap(from, client);
  const valid = answer(third, NEWS);
  expect(valid.code).toBe(Code.Valid);
  expect(uint(valid, PrivateOption.Features)).toBe(client.announced);
  expect(announced(third)).toBe(client.announced | Feature.Begun);
});

it('an answer is read as what was agreed on when its request left, whatever another one has shown since', () => {
  const { client, answer } = ends();
  const first = requestToCoap(WHO, client);
  responseToHttp(answer(first, '{}'), first, client);
  const [one, two, three] = [requestToCoap(WHO, client), requestToCoap(WHO, client), requestToCoap(WHO, client)];
  const body = `{"displayname":"${'Alice '.repeat(9)}"}`;
  const [packed, elided] = [answer(two, body), answer(three, '{}')];
  // Whoever it is from.
  expect(featuresLost({ code: Code.UnsupportedContentFormat, options: [] }, one, client)).toBe(true);
  expect(text(responseToHttp(packed, two, client).body)).toBe(body);
  expect(text(responseToHttp(elided, three, client).body)).toBe('{}');
});

describe('a lean answer that nobody has asked for', () => {
  const lean: CoapParts = { code: Code.Content, options: [format(ContentFormat.Cbor)], payload: hex('c00000a0') };

  it('is an error, and no reason to ask again', () => {
    for (const client of [createClientSession(), createClientSession({ tables: 2, lean: true })]) {
      refused('response', () => responseToHttp(lean, requestToCoap(WHO, client), client));
    }
  });

  it('has the server told once more what was agreed on', () => {
    const { client, answer, announced } = ends();
    const first = requestToCoap(WHO, client);
    responseToHttp(answer(first, '{}'), first, client);
    refused('unknown_reference', () => responseToHttp(lean, requestToCoap(SYNC, client), client));
    leaveLean(client);
    const told = requestToCoap(SYNC, client);
    responseToHttp({ ...lean, payload: hex('a0'), options: [format(60), announce(3)] }, told, client);
    expect(announced(requestToCoap(SYNC, client))).toBeUndefined();
    refused('response', () => responseToHttp(lean, requestToCoap(SYNC, client), client));
    expect(announced(requestToCoap(SYNC, client))).toBeDefined();
  });
});
