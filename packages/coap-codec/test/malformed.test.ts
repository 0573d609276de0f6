import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../src/index.ts';
import { anyMessage, hex } from './support.ts';

describe('a malformed datagram', () => {
  it.each([
    ['nothing at all', '', 'too_short', 'ignore'],
    ['three bytes', '400100', 'too_short', 'ignore'],
    ['version 0', '00010000', 'version', 'ignore'],
    ['version 2', '80010000', 'version', 'ignore'],
    ['an Empty CON with a token length', '41000001aa', 'not_empty', 'reset'],
    ['an Empty CON with bytes behind the header', '4000000100', 'not_empty', 'reset'],
    ['an Empty ACK with bytes behind the header', '6000000100', 'not_empty', 'ignore'],
    ['an Empty ACK with half a token', '62000001aa', 'not_empty', 'ignore'],
    ['an Empty Reset with a token', '71000001aa', 'not_empty', 'ignore'],
    ['an Empty NON', '50000001', 'not_empty', 'ignore'],
    ['a Reset with a code', '70450001', 'not_empty', 'ignore'],
    ['a CON of the reserved class 1', '40200001', 'code', 'reset'],
    ['a NON of the reserved class 6', '50c00001', 'code', 'ignore'],
    ['a CON of class 7, which RFC 8323 gives to TCP', '40e10001', 'code', 'reset'],
    ['a request in an ACK', '60010001', 'code', 'ignore'],
    ['a token length of 9', '49010001000000000000000000', 'token_length', 'reset'],
    ['a token length of 15', '4f010001', 'token_length', 'reset'],
    ['a token past the end', '44010001aabb', 'token_length', 'reset'],
    ['an extended token length past the end', '4d010001', 'token_length', 'reset'],
    ['a reserved option delta', '40010001f0', 'option_reserved', 'reset'],
    ['a reserved option length', '400100010f', 'option_reserved', 'reset'],
    ['an option delta without its byte', '40010001d0', 'option_truncated', 'reset'],
    ['an option delta with one byte of two', '40010001e001', 'option_truncated', 'reset'],
    ['an option length without its byte', '400100010d', 'option_truncated', 'reset'],
    ['an option length with one byte of two', '400100010e01', 'option_truncated', 'reset'],
    ['an option value past the end', '40010001b46162', 'option_truncated', 'reset'],
    ['an option length far past the end', '400100010effff00', 'option_truncated', 'reset'],
    ['an option number over 65535', '40010001e0ffff', 'option_number', 'reset'],
    ['deltas that add up to over 65535', '40010001e0fef2 10', 'option_number', 'reset'],
    ['a payload marker without a payload', '40010001ff', 'payload_empty', 'reset'],
    ['a NON with a payload marker alone', '50010001ff', 'payload_empty', 'ignore'],
  ])('is classified: %s', (_, datagram, reason, response) => {
    expect(decodeMessage(hex(datagram))).toMatchObject({ kind: 'malformed', reason, response });
  });

  it('names the byte where it went wrong, and the Message ID that a Reset needs', () => {
    expect(decodeMessage(hex('40011234 b130 b4 6162'))).toEqual({
      kind: 'malformed',
      reason: 'option_truncated',
      offset: 6,
      response: 'reset',
      messageId: 0x1234,
    });
  });

  it('never throws, and what it accepts is written back to the same meaning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (datagram) => {
        const decoded = decodeMessage(datagram);
        if (decoded.kind === 'malformed') return;
        expect(decodeMessage(encodeMessage(decoded.message))).toEqual(decoded);
      }),
      { seed: 1, numRuns: 20_000 },
    );
  });

  it('never throws for a real message with bytes changed, cut or added', () => {
    const edit = fc.record({ at: fc.nat(400), byte: fc.nat(255), kind: fc.constantFrom('change', 'cut', 'add') });
    fc.assert(
      fc.property(anyMessage, fc.array(edit, { minLength: 1, maxLength: 4 }), (sent, edits) => {
        const wire = [...encodeMessage(sent)];
        for (const { at, byte, kind } of edits) {
          if (kind === 'cut') wire.length = Math.min(wire.length, at);
          else wire.splice(at % (wire.length + 1), kind === 'change' ? 1 : 0, byte);
        }
        const decoded = decodeMessage(Uint8Array.from(wire));
        if (decoded.kind === 'malformed') {
          expect(decoded.offset).toBeLessThanOrEqual(wire.length);
          return;
        }
        expect(decodeMessage(encodeMessage(decoded.message))).toEqual(decoded);
      }),
      { seed: 2, numRuns: 10_000 },
    );
  });
});
