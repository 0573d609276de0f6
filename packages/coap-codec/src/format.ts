import { toHex, tryText } from './bytes.ts';
import { codeName, codeToString } from './code.ts';
import { mediaTypeOf } from './content-format.ts';
import { type CoapMessage, type CoapOption, Type } from './message.ts';
import { OptionNumber, type OptionRegistry, optionRegistry } from './option-registry.ts';
import { decodeUint } from './option-value.ts';

const TYPE_NAMES: Readonly<Record<Type, string>> = {
  [Type.CON]: 'CON',
  [Type.NON]: 'NON',
  [Type.ACK]: 'ACK',
  [Type.RST]: 'RST',
};

/** Options that hold secrets are shown by their length alone. */
const SECRET: ReadonlySet<number> = new Set([OptionNumber.Authorization]);
const BLOCKS: ReadonlySet<number> = new Set([
  OptionNumber.Block1,
  OptionNumber.Block2,
  OptionNumber.QBlock1,
  OptionNumber.QBlock2,
]);
const FORMATS: ReadonlySet<number> = new Set([OptionNumber.ContentFormat, OptionNumber.Accept]);

/**
 * One line for people, as a log or a debugger shows it:
 * `CON GET 0.01 mid=258 token=0f Uri-Path:"0" Accept:60(application/cbor)`. The payload is told by its length and the
 * access token of MSC3079 likewise, so that the line may be logged; control characters are escaped.
 */
export function formatMessage(message: CoapMessage, registry: OptionRegistry = optionRegistry): string {
  const { type, code, messageId, token, options, payload } = message;
  const name = codeName(code);
  const parts = [TYPE_NAMES[type], ...(name === undefined ? [] : [name]), codeToString(code), `mid=${messageId}`];
  if (token.length > 0) parts.push(`token=${toHex(token)}`);
  for (const option of options) parts.push(formatOption(option, registry));
  if (payload.length > 0) parts.push(`payload=${payload.length}B`);
  return parts.join(' ');
}

function formatOption({ number, value }: CoapOption, registry: OptionRegistry): string {
  const definition = registry.get(number);
  const name = definition?.name ?? `Option-${number}`;
  if (SECRET.has(number)) return `${name}:(${value.length}B)`;
  if (definition?.format === 'empty' && value.length === 0) return name;
  if (definition?.format === 'string') {
    const text = tryText(value);
    if (text !== undefined) return `${name}:${quote(text)}`;
  }
  const uint = definition?.format === 'uint' ? decodeUint(value) : undefined;
  if (uint === undefined) return `${name}:0x${toHex(value)}`;
  if (BLOCKS.has(number)) return `${name}:${uint >> 4}/${(uint >> 3) & 1}/${2 ** ((uint & 7) + 4)}`;
  const mediaType = FORMATS.has(number) ? mediaTypeOf(uint) : undefined;
  return `${name}:${uint}${mediaType === undefined ? '' : `(${mediaType})`}`;
}

/** JSON's quotes, with C1 controls and bidirectional overrides escaped too: a peer's text must not drive a terminal. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
