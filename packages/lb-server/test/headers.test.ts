import { forwardRequestHeaders, forwardResponseHeaders } from '@lb-matrix/lb-server';
import { describe, expect, it } from 'vitest';

describe('a client’s headers', () => {
  it('lose every word on where the request comes from, whatever their case', () => {
    const sent = [
      ['Forwarded', 'for=10.0.0.1'],
      ['X-Forwarded-For', '10.0.0.1'],
      ['x-forwarded-host', 'evil.example'],
      ['X-FORWARDED-PROTO', 'https'],
      ['X-Real-IP', '10.0.0.1'],
      ['Host', 'evil.example'],
      ['Authorization', 'Bearer t'],
    ] as const;
    expect(forwardRequestHeaders(sent)).toEqual([['authorization', 'Bearer t']]);
    expect(forwardRequestHeaders(sent, '192.0.2.7')).toEqual([
      ['authorization', 'Bearer t'],
      ['x-forwarded-for', '192.0.2.7'],
    ]);
  });

  it('lose what concerns one connection, and what Connection names (RFC 9110 section 7.6.1)', () => {
    const sent = [
      ['Connection', 'close, X-Secret-Hop'],
      ['X-Secret-Hop', '1'],
      ['Keep-Alive', 'timeout=5'],
      ['Proxy-Authorization', 'Basic x'],
      ['TE', 'trailers'],
      ['Transfer-Encoding', 'chunked'],
      ['Upgrade', 'h2c'],
      ['Expect', '100-continue'],
      ['Accept', '*/*'],
    ] as const;
    expect(forwardRequestHeaders(sent)).toEqual([['accept', '*/*']]);
  });
});

describe('a homeserver’s headers', () => {
  it('keep everything but the connection’s, repeated ones too', () => {
    const sent = [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['connection', 'keep-alive'],
      ['Content-Length', '7'],
    ] as const;
    expect(forwardResponseHeaders(sent)).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-length', '7'],
    ]);
  });
});
