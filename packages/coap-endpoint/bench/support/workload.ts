import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import type { CoapRequest } from '../../src/index.ts';

/** What is asked in all benchmarks: a PUT of 100 bytes, which comes back. */
export const BODY: Uint8Array = new Uint8Array(100).fill(0x61);
const SEGMENTS: readonly string[] = ['9', '!room:localhost', 'm.room.message', 'txn'];
/** How many run side by side, each with a query of its own: those with the same would wait for each other. */
export const AT_A_TIME = 16;

/** The request of the `n`th of them. */
export function requestOf(n: number): CoapRequest {
  const path = SEGMENTS.map((segment) => stringOption(OptionNumber.UriPath, segment));
  return { code: Code.PUT, options: [...path, stringOption(OptionNumber.UriQuery, `n=${n}`)], payload: BODY };
}

/** The same to node-coap's `request`. */
export function nodeCoapRequestOf(n: number, port: number): Record<string, unknown> {
  return { hostname: '127.0.0.1', port, method: 'PUT', pathname: `/${SEGMENTS.join('/')}`, query: `n=${n}` };
}
