import { type CoapMessage, isRequest, isResponse, OptionNumber, Type, uintValue } from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import type { Sent } from './trace.ts';

const requests = (sent: readonly Sent[]): CoapMessage[] =>
  sent.filter(({ from, message }) => from === 'client' && isRequest(message.code)).map(({ message }) => message);
const responses = (sent: readonly Sent[]): CoapMessage[] =>
  sent.filter(({ from, message }) => from === 'server' && isResponse(message.code)).map(({ message }) => message);
const empties = (sent: readonly Sent[], side: Sent['from'], type: Type): CoapMessage[] =>
  sent
    .filter(({ from, message }) => from === side && message.type === type && message.code === 0)
    .map(({ message }) => message);

/**
 * One confirmable request and its response, piggybacked; or, where the server was too slow for that, acknowledged first. The token
 * is the request's (RFC 7252 section 5.3.1).
 */
export function expectConfirmable(sent: readonly Sent[]): void {
  const [request, response] = pair(sent);
  expect(request.type).toBe(Type.CON);
  if (response.type === Type.ACK) expect(response.messageId).toBe(request.messageId);
  else expectSeparate(sent);
}

/** RFC 7252 section 5.2.2: an empty ACK at once, the response as a CON of its own, acknowledged by the client. */
export function expectSeparate(sent: readonly Sent[]): void {
  const [request, response] = pair(sent);
  expect(request.type).toBe(Type.CON);
  expect(empties(sent, 'server', Type.ACK).map(({ messageId }) => messageId)).toContain(request.messageId);
  expect(response.type).toBe(Type.CON);
  expect(empties(sent, 'client', Type.ACK).map(({ messageId }) => messageId)).toContain(response.messageId);
}

/**
 * RFC 7252 section 5.2.3: a NON is answered by a NON and acknowledged by nobody; a server may send a CON all the same, which the
 * client then acknowledges. Ours never does.
 */
export function expectNonConfirmable(sent: readonly Sent[], serverIsOurs: boolean): void {
  const [request, response] = pair(sent);
  expect(request.type).toBe(Type.NON);
  expect(empties(sent, 'server', Type.ACK)).toEqual([]);
  const acknowledged = empties(sent, 'client', Type.ACK).map(({ messageId }) => messageId);
  if (serverIsOurs || response.type === Type.NON) expect([response.type, acknowledged]).toEqual([Type.NON, []]);
  else expect(acknowledged).toContain(response.messageId);
}

/** The token's length in the requests (RFC 7252 section 5.3.1), in bytes. */
export function expectToken(sent: readonly Sent[], shortest: number, longest: number): void {
  for (const { token } of requests(sent)) {
    expect(token.length).toBeGreaterThanOrEqual(shortest);
    expect(token.length).toBeLessThanOrEqual(longest);
  }
}

/**
 * RFC 7959 sections 2.2 to 2.4: the response came in blocks, numbered without gaps, all but the last of them full and marked, and
 * none larger than `szx` says.
 */
export function expectBlock2(sent: readonly Sent[], szx: number): void {
  expectBlocks(
    unrepeated(responses(sent)).filter(({ options }) => uintValue(options, OptionNumber.Block2) !== undefined),
    OptionNumber.Block2,
    szx,
  );
}

/**
 * RFC 7959 sections 2.2, 2.3 and 2.5: the same for a request. Each block is answered by its number; coap-server's answer to the last
 * one leaves it out, ours does not.
 */
export function expectBlock1(sent: readonly Sent[], serverIsOurs: boolean): void {
  const hasBlock = ({ options }: CoapMessage): boolean => uintValue(options, OptionNumber.Block1) !== undefined;
  const blocks = unrepeated(requests(sent)).filter(hasBlock);
  expectBlocks(blocks, OptionNumber.Block1, 6);
  const answered = responses(sent).map(({ options }) => number(options, OptionNumber.Block1));
  for (const { options } of serverIsOurs ? blocks : blocks.slice(0, -1)) {
    expect(answered).toContain(number(options, OptionNumber.Block1));
  }
}

/** A message of the client was sent again, unchanged (RFC 7252 section 4.2). */
export function expectRepeated(sent: readonly Sent[], side: Sent['from']): void {
  const messages = sent
    .filter(({ from, message }) => from === side && message.type === Type.CON)
    .map(({ message }) => message);
  const first = messages[0]!;
  const again = messages.filter(({ messageId }) => messageId === first.messageId);
  expect(again.length).toBeGreaterThan(1);
  for (const message of again) expect(message).toEqual(first);
}

function pair(sent: readonly Sent[]): [CoapMessage, CoapMessage] {
  const [request] = requests(sent);
  const [response] = responses(sent);
  expect(response!.token).toEqual(request!.token);
  return [request!, response!];
}

function expectBlocks(messages: readonly CoapMessage[], option: number, szx: number): void {
  let offset = 0;
  expect(messages.length).toBeGreaterThan(1);
  messages.forEach((message, index) => {
    const value = uintValue(message.options, option)!;
    const size = 2 ** ((value & 7) + 4);
    expect(value & 7).toBeLessThanOrEqual(szx);
    expect((value >> 4) * size).toBe(offset);
    const last = index === messages.length - 1;
    expect((value & 8) === 0).toBe(last);
    if (!last) expect(message.payload.length).toBe(size);
    offset += message.payload.length;
  });
}

const number = (options: CoapMessage['options'], option: number): number => (uintValue(options, option) ?? -16) >> 4;

/** Without what was only sent again. */
function unrepeated(messages: readonly CoapMessage[]): CoapMessage[] {
  return messages.filter(
    ({ messageId, type }, index) =>
      messages.findIndex((one) => one.messageId === messageId && one.type === type) === index,
  );
}
