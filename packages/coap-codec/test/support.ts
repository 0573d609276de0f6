import fc from 'fast-check';
import { type CoapMessage, type CoapOption, isRequest, isResponse, Type } from '../src/index.ts';

export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s/g, '');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

export function message(parts: Partial<CoapMessage>): CoapMessage {
  const none = new Uint8Array(0);
  return { type: Type.CON, code: 0x01, messageId: 0, token: none, options: [], payload: none, ...parts };
}

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

const option: fc.Arbitrary<CoapOption> = fc.record({
  number: fc.oneof(fc.nat(300), fc.nat(0xffff)),
  value: fc.oneof({ weight: 8, arbitrary: bytes(20) }, { weight: 2, arbitrary: bytes(300) }),
});

/** Any message that RFC 7252 lets stand on the wire, options in ascending order as a decoder returns them. */
export const anyMessage: fc.Arbitrary<CoapMessage> = fc.oneof(
  { weight: 1, arbitrary: emptyMessage() },
  {
    weight: 9,
    arbitrary: fc.record({
      type: fc.constantFrom(Type.CON, Type.NON),
      code: fc.nat(255).filter((code) => isRequest(code) || isResponse(code)),
      messageId: fc.nat(0xffff),
      token: bytes(8),
      options: fc.array(option, { maxLength: 12 }).map((list) => list.sort((a, b) => a.number - b.number)),
      payload: bytes(64),
    }),
  },
);

function emptyMessage(): fc.Arbitrary<CoapMessage> {
  return fc
    .record({ type: fc.constantFrom(Type.CON, Type.ACK, Type.RST), messageId: fc.nat(0xffff) })
    .map((parts) => message({ ...parts, code: 0 }));
}
