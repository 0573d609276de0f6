import {
  type CoapMessage,
  type CoapOption,
  Code,
  decodeMessage,
  encodeMessage,
  OptionNumber,
  stringOption,
  Type,
} from '@lb-matrix/coap-codec';
import type { CoapRequest, CoapResponse } from '../../src/index.ts';

export const NONE: Uint8Array = new Uint8Array();

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export function path(...segments: string[]): CoapOption[] {
  return segments.map((segment) => stringOption(OptionNumber.UriPath, segment));
}

export function get(...segments: string[]): CoapRequest {
  return { code: Code.GET, options: path(...segments) };
}

export function put(payload: Uint8Array, ...segments: string[]): CoapRequest {
  return { code: Code.PUT, options: path(...segments), payload };
}

export function content(payload: Uint8Array | string): CoapResponse {
  return { code: Code.Content, options: [], payload: typeof payload === 'string' ? text(payload) : payload };
}

/** A body whose bytes tell where they stand. */
export function bodyOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13 + seed) & 0xff);
}

/** A datagram. */
export function datagram(message: Partial<CoapMessage> & { code: number }): Uint8Array {
  return encodeMessage({
    type: Type.CON,
    messageId: 1,
    token: Uint8Array.of(0x77),
    options: [],
    payload: NONE,
    ...message,
  });
}

/** The message in a datagram that must be one. */
export function parse(bytes: Uint8Array): CoapMessage {
  const decoded = decodeMessage(bytes);
  if (decoded.kind === 'malformed') throw new Error(`malformed: ${decoded.reason}`);
  return decoded.message;
}
