import {
  type CoapOption,
  codeName,
  codeToString,
  decodeUint,
  mediaTypeOf,
  OptionNumber,
  type OptionRegistry,
  stringValues,
} from '@lb-matrix/coap-codec';
import type { HeaderField } from './header-field.ts';

/** What is shown of a response. */
export interface Answer {
  /** 2xx. */
  readonly success: boolean;
  readonly body: Uint8Array;
  /** Why the body is not what was asked for, if so. */
  readonly warning?: string;
}

/** `2.05 Content`: code and name of a response. */
export function statusLine(code: number): string {
  const name = codeName(code)?.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return name === undefined ? codeToString(code) : `${codeToString(code)} ${name}`;
}

/** The options of a response as headers for people; Content-Format goes by HTTP's name and value. */
export function responseHeaders(options: readonly CoapOption[], registry: OptionRegistry): HeaderField[] {
  return options.map((option) => {
    const { number, value } = option;
    const { name = `Option-${number}`, format } = registry.get(number) ?? {};
    const uint = format === 'uint' ? decodeUint(value) : undefined;
    if (number === OptionNumber.ContentFormat && uint !== undefined) {
      return ['Content-Type', mediaTypeOf(uint) ?? `${uint}`];
    }
    const text = format === 'string' ? stringValues([option], number)?.[0] : undefined;
    return [name, uint?.toString() ?? (text === undefined ? hex(value) : printable(text))];
  });
}

/** A peer's text must not drive the terminal: control characters and bidirectional overrides are escaped. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

function hex(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
