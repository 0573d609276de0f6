import { type CoapOption, Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import {
  type Block,
  type ClientTransfer,
  findBlock,
  type MessagePart,
  type Room,
  type ServerTransfers,
  type TransferStep,
} from '../src/index.ts';

export const WIDE: Room = { maxMessageBytes: 1232, tokenLength: 4 };
export const NONE: Uint8Array = new Uint8Array();

/** A body whose bytes tell where they stand. */
export function bodyOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13 + seed) & 0xff);
}

export function path(...segments: string[]): CoapOption[] {
  return segments.map((segment) => stringOption(OptionNumber.UriPath, segment));
}

export function part(code: number, options: readonly CoapOption[] = [], payload: Uint8Array = NONE): MessagePart {
  return { code, options, payload };
}

export function block1(message: MessagePart): Block | undefined {
  return valid(findBlock(message.options, OptionNumber.Block1));
}

export function block2(message: MessagePart): Block | undefined {
  return valid(findBlock(message.options, OptionNumber.Block2));
}

function valid(block: Block | 'invalid' | undefined): Block | undefined {
  if (block === 'invalid') throw new Error('an invalid Block option');
  return block;
}

/** `'1:0/1/128'` as the RFC's figures write Block options: number, NUM, M, size. */
export function figure(message: MessagePart): string {
  const one = block1(message);
  const two = block2(message);
  const text = (name: number, block: Block | undefined) =>
    block === undefined ? [] : [`${name}:${block.num}/${Number(block.more)}/${16 << block.szx}`];
  return [...text(2, two), ...text(1, one)].join(', ');
}

export interface Exchanged {
  readonly request: MessagePart;
  readonly response: MessagePart;
  readonly restarted: boolean;
}

/** Runs a client's transfer to its end against `respond`. */
export function run(
  transfer: ClientTransfer,
  respond: (request: MessagePart) => MessagePart,
  room: Room = WIDE,
): { last: Exclude<TransferStep, { kind: 'send' }>; log: Exchanged[] } {
  const log: Exchanged[] = [];
  let request = transfer.start(room);
  let restarted = false;
  for (;;) {
    const response = respond(request);
    log.push({ request, response, restarted });
    const step = transfer.receive(response, room);
    if (step.kind !== 'send') return { last: step, log };
    ({ request, restarted } = step);
  }
}

/** A server with a handler, for one peer. */
export function serve(
  transfers: ServerTransfers,
  handler: (request: MessagePart) => MessagePart,
  { peer = transfers as object, room = WIDE, now = 0 } = {},
): (request: MessagePart) => MessagePart {
  return (request) => {
    const arrival = transfers.receive(peer, request, room, now);
    if (arrival.kind === 'answer') return arrival.response;
    return transfers.respond(arrival.ticket, handler(arrival.request), room, now);
  };
}

export function content(payload: Uint8Array): MessagePart {
  return part(Code.Content, [], payload);
}
