import { Code, codeToString, OptionNumber } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import {
  createClientSession,
  createServerSession,
  isSlidingSync,
  requestToCoap,
  requestToHttp,
  responseToCoap,
  responseToHttp,
} from '../src/index.ts';
import { announce, coap, refused, text, utf8, values } from './support.ts';

const SLIDING = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync';
const BODY = '{"lists":{"all":{"ranges":[[0,9]]}},"conn_id":"main"}';

const post = (target: string) => ({ method: 'POST', target, headers: [], body: utf8(BODY) });

describe('FETCH (RFC 8132)', () => {
  it.each([SLIDING, '/_matrix/client/v4/sync'])('is a POST to %s, with its query and body', (path) => {
    const target = `${path}?pos=5`;
    const request = requestToCoap(post(target), createClientSession(), { asFetch: true });
    expect(request.code).toBe(Code.FETCH);
    expect(values(request, OptionNumber.UriQuery)).toEqual(['pos=5']);
    const mapped = requestToHttp(request, createServerSession());
    expect(mapped).toMatchObject({ method: 'POST', target });
    expect(text(mapped.body)).toBe(BODY);
  });

  it('is answered 2.05, a POST 2.04', () => {
    const answer = (asFetch: boolean) => {
      const [client, server] = [createClientSession(), createServerSession()];
      const request = requestToCoap(post(SLIDING), client, { asFetch });
      const mapped = requestToHttp(request, server);
      const response = responseToCoap({ status: 200, headers: [], body: utf8('{"pos":"6"}') }, mapped.answer, server);
      expect(text(responseToHttp(response, request, client).body)).toBe('{"pos":"6"}');
      return codeToString(response.code);
    };
    expect([answer(true), answer(false)]).toEqual(['2.05', '2.04']);
  });

  it.each([
    '7',
    '_matrix/client/v3/sync',
    '_matrix/client/v3/keys/query',
    '_matrix/client/unstable/org.matrix.simplified_msc3575/sync/x',
    '_matrix/client/v4/sync/x',
  ])('to /%s is 4.05', (path) => {
    const request = coap(Code.FETCH, path, [announce()]);
    expect(refused('method', () => requestToHttp(request, createServerSession()))).toMatchObject({ status: 405 });
  });

  it('is not made of anything else', () => {
    const fetch = (method: string, target: string) => () =>
      requestToCoap({ method, target, headers: [] }, createClientSession(), { asFetch: true });
    refused('method', fetch('GET', SLIDING));
    refused('method', fetch('PUT', SLIDING));
    refused('method', fetch('POST', '/_matrix/client/v3/keys/query'));
  });
});

it('knows the paths of sliding sync', () => {
  expect([SLIDING, `${SLIDING}?pos=1`, '/_matrix/client/v4/sync'].every(isSlidingSync)).toBe(true);
  expect(
    [`${SLIDING}s`, `${SLIDING}/`, '/_matrix/client/v3/sync', '/_matrix/client/unstable/x/sync', `/x${SLIDING}`].some(
      isSlidingSync,
    ),
  ).toBe(false);
});
