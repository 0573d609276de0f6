import { findBlock } from '@lb-matrix/blockwise';
import {
  type CoapMessage,
  type CoapOption,
  codeName,
  codeToString,
  decodeUint,
  isRequest,
  OptionNumber,
  optionRegistry,
  Type,
} from '@lb-matrix/coap-codec';
import type { Sent } from './link.ts';
import { hexOf } from './messages.ts';

const TYPES = Object.fromEntries(Object.entries(Type).map(([name, type]) => [type, name]));

/**
 * Messages as lines for people: direction, type, code, Message ID, token, options, payload. Message IDs are named C1,
 * C2, ... (the client's) and S1, S2, ... (the server's), tokens T1, T2, ... in the order in which they appear.
 */
export function seen(log: readonly Sent[]): string[] {
  const names = new Map<string, string>();
  const counts: Record<string, number> = {};
  const nameOf = (letter: string, value: string): string => {
    const key = letter + value;
    const known = names.get(key);
    if (known !== undefined) return known;
    counts[letter] = (counts[letter] ?? 0) + 1;
    names.set(key, `${letter}${counts[letter]}`);
    return names.get(key)!;
  };
  return log.map(({ from, message }) => {
    if (message === undefined) throw new Error('no message');
    const { type, code, messageId, token, payload } = message;
    const own = type === Type.CON || type === Type.NON;
    const words = [
      from === 'client' ? '>' : '<',
      TYPES[type]!,
      isRequest(code) ? codeName(code)! : codeToString(code),
      nameOf((from === 'client') === own ? 'C' : 'S', String(messageId)),
      ...(token.length > 0 ? [nameOf('T', String(token))] : []),
      ...message.options.map((option) => optionText(option, message)),
      ...(payload.length === 0 ? [] : [payloadText(payload)]),
    ];
    return words.join(' ');
  });
}

function optionText({ number, value }: CoapOption, message: CoapMessage): string {
  const { name, format } = optionRegistry.get(number)!;
  if (number === OptionNumber.Block1 || number === OptionNumber.Block2) {
    const block = findBlock(message.options, number);
    if (block === undefined || block === 'invalid') throw new Error('no block');
    return `${name}:${block.num}/${Number(block.more)}/${16 << block.szx}`;
  }
  if (format === 'empty') return name;
  if (format === 'uint') return `${name}:${decodeUint(value)}`;
  if (format === 'string') return `${name}:${new TextDecoder().decode(value)}`;
  return `${name}:${hexOf(value)}`;
}

function payloadText(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  return payload.length <= 24 ? `"${text}"` : `(${payload.length} bytes)`;
}
