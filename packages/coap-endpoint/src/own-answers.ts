import type { MessagePart, Ticket } from '@lb-matrix/blockwise';
import { type BadOption, Code, OptionNumber, uintValue } from '@lb-matrix/coap-codec';

const NOTHING: Uint8Array = new Uint8Array();

/** A response that is a code and nothing more. */
export function empty(code: number): MessagePart {
  return { code, options: [], payload: NOTHING };
}

/** RFC 7252 section 5.4.1: 4.02 with a diagnostic payload that names the option. */
export function diagnosis({ number, reason }: BadOption): MessagePart {
  return { code: Code.BadOption, options: [], payload: new TextEncoder().encode(`option ${number}: ${reason}`) };
}

/** RFC 7641 section 2 and RFC 8132 section 2.4: 0 registers, 1 deregisters; a later block does neither. */
export function observeOf({ code, options }: MessagePart, { block2 }: Ticket): number | undefined {
  if ((code !== Code.GET && code !== Code.FETCH) || (block2?.num ?? 0) > 0) return undefined;
  const value = uintValue(options, OptionNumber.Observe);
  return value === 0 || value === 1 ? value : undefined;
}
