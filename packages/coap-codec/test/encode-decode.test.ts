import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CoapError,
  Code,
  decodeMessage,
  encodedLength,
  encodeMessage,
  encodeMessageInto,
  OptionNumber,
  stringOption,
  Type,
  uintOption,
} from '../src/index.ts';
import { anyMessage, hex, message } from './support.ts';

describe('encodeMessage and decodeMessage', () => {
  it('write RFC 7252 figure 16 byte by byte', () => {
    const request = message({ messageId: 0x7d34, options: [stringOption(OptionNumber.UriPath, 'temperature')] });
    expect(encodeMessage(request)).toEqual(hex('40 01 7d34 bb 74656d7065726174757265'));

    const response = message({
      type: Type.ACK,
      code: Code.Content,
      messageId: 0x7d34,
      payload: new TextEncoder().encode('22.3 C'),
    });
    expect(encodeMessage(response)).toEqual(hex('60 45 7d34 ff 32322e332043'));
  });

  it('write RFC 7252 figure 17, with a token, byte by byte', () => {
    const request = message({
      messageId: 0x7d35,
      token: hex('20'),
      options: [stringOption(OptionNumber.UriPath, 'temperature')],
    });
    expect(encodeMessage(request)).toEqual(hex('41 01 7d35 20 bb 74656d7065726174757265'));
  });

  it.each([
    [12, 'c0'],
    [13, 'd0 00'],
    [268, 'd0 ff'],
    [269, 'e0 0000'],
    [65_535, 'e0 fef2'],
  ])('extend the option delta %i as RFC 7252 3.1 says', (number, wire) => {
    const datagram = encodeMessage(message({ options: [{ number, value: new Uint8Array(0) }] }));
    expect(datagram.subarray(4)).toEqual(hex(wire));
    expect(decodeMessage(datagram)).toMatchObject({ message: { options: [{ number }] } });
  });

  it.each([
    [12, '0c'],
    [13, '0d 00'],
    [268, '0d ff'],
    [269, '0e 0000'],
    [65_804, '0e ffff'],
  ])('extend the option length %i as RFC 7252 3.1 says', (length, wire) => {
    const datagram = encodeMessage(message({ options: [{ number: 0, value: new Uint8Array(length) }] }));
    const head = hex(wire);
    expect(datagram.subarray(4, 4 + head.length)).toEqual(head);
    expect(datagram.length).toBe(4 + head.length + length);
  });

  it.each([
    [8, '48'],
    [9, '49'],
    [12, '4c'],
    [13, '4d ...00'],
    [268, '4d ...ff'],
    [269, '4e ...0000'],
    [65_804, '4e ...ffff'],
  ])('carry a token of %i bytes as RFC 8974 says', (length, wire) => {
    const sent = message({ token: new Uint8Array(length).fill(7) });
    const datagram = encodeMessage(sent);
    const [first, extension = ''] = wire.split(' ...') as [string, string?];
    expect(datagram[0]).toBe(Number.parseInt(first, 16));
    expect(datagram.subarray(4, 4 + extension.length / 2)).toEqual(hex(extension));
    expect(decodeMessage(datagram, { maxTokenLength: 65_804 })).toEqual({ kind: 'message', message: sent });
    if (length > 8) expect(decodeMessage(datagram)).toMatchObject({ reason: 'token_length', response: 'reset' });
  });

  it('sort options by number and keep the order within one number', () => {
    const path = (text: string) => stringOption(OptionNumber.UriPath, text);
    const datagram = encodeMessage(message({ options: [uintOption(OptionNumber.Accept, 60), path('b'), path('a')] }));
    expect(decodeMessage(datagram)).toMatchObject({
      message: { options: [path('b'), path('a'), uintOption(OptionNumber.Accept, 60)] },
    });
  });

  it('are each other’s inverse', () => {
    fc.assert(
      fc.property(anyMessage, (sent) => {
        const datagram = encodeMessage(sent);
        expect(datagram.length).toBe(encodedLength(sent));
        expect(decodeMessage(datagram)).toEqual({ kind: 'message', message: sent });
      }),
      { seed: 7252, numRuns: 2_000 },
    );
  });

  it('pass over the token that existing clients leave in an Empty ACK', () => {
    expect(decodeMessage(hex('68 00 0000 6335b7987ad9a85d'))).toEqual({
      kind: 'message',
      message: message({ type: Type.ACK, code: Code.Empty }),
    });
  });

  it('write into a caller’s buffer at an offset, and nothing when it is too small', () => {
    const sent = message({ messageId: 0x0102, payload: hex('aabb') });
    const out = new Uint8Array(16);
    expect(encodeMessageInto(sent, out, 3)).toBe(7);
    expect(out).toEqual(hex('000000 40010102ffaabb 000000000000'));
    const small = new Uint8Array(6);
    expect(() => encodeMessageInto(sent, small)).toThrow(expect.objectContaining({ code: 'buffer_too_small' }));
    expect(small).toEqual(new Uint8Array(6));
  });

  it('decode to views of the datagram, not copies', () => {
    const datagram = hex('41 01 0000 aa b1 30 ff 01');
    const decoded = decodeMessage(datagram);
    if (decoded.kind !== 'message') throw new Error(decoded.reason);
    const { token, options, payload } = decoded.message;
    for (const part of [token, options[0]!.value, payload]) expect(part.buffer).toBe(datagram.buffer);
  });

  it.each([
    ['a type that is none', { type: 4 as never }],
    ['a code of two bytes', { code: 256 }],
    ['a Message ID of 17 bits', { messageId: 0x1_0000 }],
    ['a Message ID that is no number', { messageId: Number.NaN }],
    ['a token over RFC 8974’s bound', { token: new Uint8Array(65_805) }],
    ['an Empty message with a payload', { code: 0, payload: hex('00') }],
    ['an Empty NON', { type: Type.NON, code: 0 }],
    ['a Reset with a code', { type: Type.RST, code: 0x45 }],
  ])('refuse to write %s', (_, parts) => {
    expect(() => encodeMessage(message(parts))).toThrow(expect.objectContaining({ code: 'invalid_message' }));
  });

  it.each([
    ['an option number over 65535', { number: 65_536, value: hex('') }],
    ['a negative option number', { number: -1, value: hex('') }],
    ['an option value over 65804 bytes', { number: 256, value: new Uint8Array(65_805) }],
  ])('refuse to write %s', (_, option) => {
    const wrong = message({ options: [option] });
    expect(() => encodeMessage(wrong)).toThrow(CoapError);
    expect(() => encodedLength(wrong)).toThrow(expect.objectContaining({ code: 'invalid_option' }));
  });

  const recorded: { step: string; dir: string; coap: string }[] = JSON.parse(
    readFileSync(new URL('fixtures/lb-wire.json', import.meta.url), 'utf8'),
  );
  it.each(recorded)('read and write again what existing clients send: $step ($dir)', ({ coap }) => {
    const decoded = decodeMessage(hex(coap));
    if (decoded.kind !== 'message') throw new Error(decoded.reason);
    expect(encodeMessage(decoded.message)).toEqual(hex(coap));
  });
});
