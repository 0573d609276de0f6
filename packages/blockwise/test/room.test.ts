import { Code, encodedLength, OptionNumber, Type } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { blockOption, fits, largestSzx, type MessagePart, type Room } from '../src/index.ts';
import { bodyOf, part, path } from './support.ts';

const token = new Uint8Array(4);
const lengthOf = (message: MessagePart) => encodedLength({ ...message, type: Type.CON, messageId: 0, token });
const room = (maxMessageBytes: number): Room => ({ maxMessageBytes, tokenLength: 4 });

describe('the room of a datagram', () => {
  it('may be filled to the last byte, and not beyond', () => {
    const message = part(Code.PUT, path('a'), bodyOf(100));
    expect(fits(message, room(lengthOf(message)))).toBe(true);
    expect(fits(message, room(lengthOf(message) - 1))).toBe(false);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('has blocks of SZX %i from the byte on at which one fits with any NUM', (szx) => {
    const last = blockOption(OptionNumber.Block1, { num: 2 ** 20 - 1, more: false, szx });
    const length = lengthOf(part(Code.PUT, [...path('a'), last], bodyOf(16 << szx)));
    const largest = (bytes: number) => largestSzx(Code.PUT, path('a'), OptionNumber.Block1, room(bytes));
    expect(largest(length)).toBe(szx);
    expect(largest(length - 1)).toBe(szx === 0 ? undefined : szx - 1);
  });
});
