import { describe, expect, it } from 'vitest';
import { advertiseLowBandwidth } from '../src/index.ts';
import { refused, text, utf8 } from './support.ts';

const offer = { dtls: 8008, cbor_enum_version: 1, coap_enum_version: 1 };

describe('/versions', () => {
  it('R25, R28: gains the stable and the unstable key, and keeps all else', () => {
    const body = utf8('{"versions":["v1.15"],"unstable_features":{"x":true},"__proto__":{"y":1}}');
    expect(text(advertiseLowBandwidth(body, { dtls: 8008 }))).toBe(
      '{"versions":["v1.15"],"unstable_features":{"x":true},"__proto__":{"y":1},' +
        `"m.low_bandwidth":${JSON.stringify(offer)},"org.matrix.msc3079.low_bandwidth":${JSON.stringify(offer)}}`,
    );
  });

  it('R25: names this server’s port in place of another’s', () => {
    const body = utf8('{"m.low_bandwidth":{"dtls":1,"cbor_enum_version":9}}');
    expect(JSON.parse(text(advertiseLowBandwidth(body, { dtls: 8008 })))).toEqual({
      'm.low_bandwidth': offer,
      'org.matrix.msc3079.low_bandwidth': offer,
    });
  });

  it('names the pins of raw public keys, where there are any', () => {
    const rawKeys = ['sha256/one', 'sha256/next'];
    const named = JSON.parse(text(advertiseLowBandwidth(utf8('{}'), { dtls: 8008, rawKeys })));
    expect(named['m.low_bandwidth']).toEqual({ ...offer, raw_keys: rawKeys });
    expect(named['org.matrix.msc3079.low_bandwidth']).toEqual({ ...offer, raw_keys: rawKeys });
    const none = JSON.parse(text(advertiseLowBandwidth(utf8('{}'), { dtls: 8008, rawKeys: [] })));
    expect(none['m.low_bandwidth']).toEqual(offer);
  });

  it('says that the endpoint can send otherwise, where it can', () => {
    const named = JSON.parse(text(advertiseLowBandwidth(utf8('{}'), { dtls: 8008, transmission: true })));
    expect(named['m.low_bandwidth']).toEqual({ ...offer, transmission: true });
  });

  it.each(['', 'null', '[]', '"x"', '{', '<html>'])('of a homeserver that says %s is 502', (body) => {
    expect(refused('upstream', () => advertiseLowBandwidth(utf8(body), { dtls: 1 })).status).toBe(502);
  });

  it('that is not UTF-8 is 502', () => {
    refused('upstream', () => advertiseLowBandwidth(Uint8Array.of(0x22, 0xff, 0x22), { dtls: 1 }));
  });
});
