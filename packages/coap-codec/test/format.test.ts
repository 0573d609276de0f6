import { describe, expect, it } from 'vitest';
import {
  Code,
  emptyOption,
  formatMessage,
  OptionNumber,
  opaqueOption,
  stringOption,
  Type,
  uintOption,
} from '../src/index.ts';
import { hex, message } from './support.ts';

describe('formatMessage', () => {
  it('shows a request in one line', () => {
    const request = message({
      messageId: 258,
      token: hex('0f'),
      options: [
        stringOption(OptionNumber.UriPath, '0'),
        emptyOption(OptionNumber.IfNoneMatch),
        uintOption(OptionNumber.Accept, 60),
        uintOption(OptionNumber.Block1, 0x2e),
        opaqueOption(OptionNumber.ETag, hex('0102')),
        opaqueOption(65_001, hex('ff')),
      ],
      payload: hex('000102'),
    });
    expect(formatMessage(request)).toBe(
      'CON GET 0.01 mid=258 token=0f Uri-Path:"0" If-None-Match Accept:60(application/cbor) Block1:2/1/1024 ' +
        'ETag:0x0102 Option-65001:0xff payload=3B',
    );
  });

  it('shows what has no name by its number', () => {
    expect(formatMessage(message({ type: Type.ACK, code: 0x46, messageId: 1 }))).toBe('ACK 2.06 mid=1');
    expect(formatMessage(message({ type: Type.RST, code: Code.Empty, messageId: 1 }))).toBe('RST Empty 0.00 mid=1');
  });

  it('never shows an access token', () => {
    const line = formatMessage(message({ options: [stringOption(OptionNumber.Authorization, 'syt_secret')] }));
    expect(line).toBe('CON GET 0.01 mid=0 Authorization:(10B)');
  });

  it('lets no peer drive the terminal', () => {
    const text = '\u001b[31m\n\u009b\u202e';
    const line = formatMessage(message({ options: [stringOption(OptionNumber.UriPath, text)] }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is what this test is about
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});
