import { type CoapMessage, isRequest, isResponse, OptionNumber, Type, uintValue } from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import type { Sent } from './trace.ts';

const observeOf = ({ options }: CoapMessage): number | undefined => uintValue(options, OptionNumber.Observe);
const sameToken = (a: CoapMessage, b: CoapMessage): boolean => Buffer.compare(a.token, b.token) === 0;

/** The answer to a registration and what came after it with its token: each once, and without the later blocks. */
export function notificationsOf(sent: readonly Sent[]): CoapMessage[] {
  const registration = registrationIn(sent);
  const cancelled = sent.findIndex(({ message }) => isRequest(message.code) && observeOf(message) === 1);
  const until = cancelled < 0 ? sent.length : cancelled;
  return sent
    .slice(0, until)
    .filter(({ from, message }) => from === 'server' && isResponse(message.code) && sameToken(message, registration))
    .map(({ message }) => message)
    .filter((one, index, all) => all.findIndex(({ messageId }) => messageId === one.messageId) === index)
    .filter((message) => observeOf(message) !== undefined || message.code >> 5 !== 2);
}

/**
 * RFC 7641 sections 3 and 4: every notification has the token of the registration and a higher number than the one before
 * (in a test of some seconds), all but the first are of this type, and the client acknowledges what is confirmable.
 */
export function expectNotifications(sent: readonly Sent[], type: 'CON' | 'NON'): void {
  const [first, ...later] = notificationsOf(sent);
  expect(later.length).toBeGreaterThanOrEqual(2);
  let last = observeOf(first!)!;
  for (const notification of later) {
    expect(notification.type).toBe(Type[type]);
    expect(observeOf(notification)).toBeGreaterThan(last);
    last = observeOf(notification)!;
  }
  if (type === 'NON') return;
  const answered = sent.filter(({ from }) => from === 'client').map(({ message }) => message.messageId);
  // The last ones may have come after the client's end of the observation.
  for (const { messageId } of later.slice(0, 2)) expect(answered).toContain(messageId);
}

/** RFC 7641 section 3.6: the client has reset a notification, and none came after it. */
export function expectReset(sent: readonly Sent[]): void {
  const registration = registrationIn(sent);
  const notifications = new Set(notificationsOf(sent).map(({ messageId }) => messageId));
  // It may still reset what belongs to an observation before.
  const reset = sent.findIndex(({ message }) => message.type === Type.RST && notifications.has(message.messageId));
  expect(reset, 'a Reset of a notification').toBeGreaterThan(0);
  const after = sent
    .slice(reset + 1)
    .filter(({ from, message }) => from === 'server' && sameToken(message, registration));
  expect(after).toEqual([]);
}

/** RFC 7641 section 3.6: the client has sent Observe 1 with the token of the registration, and no notification followed the answer. */
export function expectCancelled(sent: readonly Sent[]): void {
  const registration = registrationIn(sent);
  const index = sent.findIndex(({ message }) => isRequest(message.code) && observeOf(message) === 1);
  expect(index, 'a request with Observe 1').toBeGreaterThan(0);
  const { message: cancellation } = sent[index]!;
  expect(cancellation.token).toEqual(registration.token);
  const after = sent.slice(index + 1).filter(({ from, message }) => from === 'server' && isResponse(message.code));
  const answer = after.findIndex(({ message }) => observeOf(message) === undefined);
  expect(answer, 'an answer without Observe').toBeGreaterThanOrEqual(0);
  expect(after.slice(answer + 1)).toEqual([]);
}

function registrationIn(sent: readonly Sent[]): CoapMessage {
  return sent.find(({ from, message }) => from === 'client' && observeOf(message) === 0)!.message;
}
