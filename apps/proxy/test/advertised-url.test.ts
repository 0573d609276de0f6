import type { HttpResponse } from '@lb-matrix/lb-server';
import { describe, expect, it } from 'vitest';
import { withAdvertisedUrl } from '../src/advertised-url.ts';

const PROXY = 'https://lb.example:8448';
const signal = new AbortController().signal;

async function answer(method: string, target: string, body: string, headers: HttpResponse['headers'] = []) {
  const upstream = withAdvertisedUrl(
    async () => ({ status: 200, headers, body: new TextEncoder().encode(body) }),
    PROXY,
  );
  const response = await upstream({ method, target, headers: [], signal });
  return { ...response, body: new TextDecoder().decode(response.body) };
}

describe('the advertised URL', () => {
  it.each(['/_matrix/client/v3/login', '/_matrix/client/r0/login', '/_matrix/client/v3/register?kind=user'])(
    'stands in the answer to POST %s',
    async (target) => {
      const login = { access_token: 't', well_known: { 'm.homeserver': { base_url: 'https://hs.example/' }, x: 1 } };
      const { body } = await answer('POST', target, JSON.stringify(login));
      expect(JSON.parse(body)).toEqual({
        access_token: 't',
        well_known: { 'm.homeserver': { base_url: PROXY }, x: 1 },
      });
    },
  );

  it('stands in /.well-known/matrix/client, without the headers of the old body', async () => {
    const found =
      '{"m.homeserver":{"base_url":"https://hs.example"},"m.identity_server":{"base_url":"https://id.example"}}';
    const { body, headers } = await answer('GET', '/.well-known/matrix/client', found, [
      ['content-type', 'application/json'],
      ['content-length', '7'],
      ['etag', '"1"'],
    ]);
    expect(JSON.parse(body)).toEqual({
      'm.homeserver': { base_url: PROXY },
      'm.identity_server': { base_url: 'https://id.example' },
    });
    expect(headers).toEqual([['content-type', 'application/json']]);
  });

  it.each([
    ['POST', '/_matrix/client/v3/login', '{"errcode":"M_FORBIDDEN","error":"no"}'],
    ['POST', '/_matrix/client/v3/login', '{"well_known":"none"}'],
    ['POST', '/_matrix/client/v3/login', '<html>'],
    ['POST', '/_matrix/client/v3/login', '["m.homeserver"]'],
    ['GET', '/_matrix/client/v3/login', '{"m.homeserver":{"base_url":"x"}}'],
    ['GET', '/.well-known/matrix/server', '{"m.homeserver":{"base_url":"x"}}'],
    ['PUT', '/_matrix/client/v3/rooms/!r/send/a/login', '{"m.homeserver":{"base_url":"x"}}'],
  ])('changes nothing else: %s %s %s', async (method, target, body) => {
    expect((await answer(method, target, body)).body).toBe(body);
  });
});
