import { describe, expect, it } from 'vitest';
import { namesHomeserver, withOwnUrl } from '../src/own-url.ts';

const rewritten = (text: string) => new TextDecoder().decode(withOwnUrl(new TextEncoder().encode(text), 'http://us'));

describe('an answer that names the homeserver', () => {
  it('names us instead', () => {
    expect(rewritten('{"a":1,"well_known":{"m.homeserver":{"base_url":"https://hs/","b":2}}}')).toBe(
      '{"a":1,"well_known":{"m.homeserver":{"base_url":"http://us","b":2}}}',
    );
    expect(rewritten('{"m.homeserver":{"base_url":"https://hs/"}}')).toBe('{"m.homeserver":{"base_url":"http://us"}}');
  });

  it.each(['', 'nonsense', '[]', 'null', '{"m.homeserver":"x"}', '{"well_known":{}}', '{ "errcode":"M_FORBIDDEN" }'])(
    'that does not stays as it is: %s',
    (text) => {
      expect(rewritten(text)).toBe(text);
    },
  );

  it.each([
    ['POST', '/_matrix/client/v3/login', true],
    ['POST', '/_matrix/client/r0/register', true],
    ['GET', '/.well-known/matrix/client', true],
    ['GET', '/_matrix/client/v3/login', false],
    ['POST', '/_matrix/client/v3/login/get_token', false],
    ['GET', '/.well-known/matrix/server', false],
  ])('comes to %s %s: %s', (method, path, expected) => {
    expect(namesHomeserver(method, path)).toBe(expected);
  });
});
