import { concatBytes } from '../../src/wire/bytes.ts';
import {
  HANDSHAKE_HEADER_LENGTH,
  HANDSHAKE_TYPE,
  type HandshakeMessage,
  handshakeMessage,
  readHandshakeFragment,
} from '../../src/wire/handshake-message.ts';
import { CONTENT_TYPE, RECORD_HEADER_LENGTH, readRecordHeader, writeRecordHeader } from '../../src/wire/record.ts';

/** The whole handshake messages of a datagram's first record; none when it is protected or no handshake record. */
function messagesOf(datagram: Uint8Array): HandshakeMessage[] {
  const header = readRecordHeader(datagram, 0);
  if (header === undefined || header.epoch !== 0 || header.type !== CONTENT_TYPE.handshake) return [];
  const content = datagram.subarray(header.start, header.end);
  const messages: HandshakeMessage[] = [];
  for (let at = 0; at < content.length; ) {
    const fragment = readHandshakeFragment(content, at);
    if (fragment === undefined || fragment.bytes.length < fragment.length) return [];
    messages.push(handshakeMessage(fragment.type, fragment.messageSeq, fragment.bytes));
    at += HANDSHAKE_HEADER_LENGTH + fragment.bytes.length;
  }
  return messages;
}

/** The datagram with other messages in its first record, numbered in their order; what follows the record stays. */
function withMessages(datagram: Uint8Array, messages: readonly HandshakeMessage[]): Uint8Array {
  const header = readRecordHeader(datagram, 0)!;
  const first = messagesOf(datagram)[0]!.messageSeq;
  const content = concatBytes(messages.map(({ type, body }, index) => handshakeMessage(type, first + index, body).raw));
  return concatBytes([plainRecord(CONTENT_TYPE.handshake, content, header.sequence), datagram.subarray(header.end)]);
}

/** A record of epoch 0. */
export function plainRecord(type: number, content: Uint8Array, sequence = 0, epoch = 0): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_LENGTH + content.length);
  record.set(content, writeRecordHeader(record, 0, type, epoch, sequence, content.length));
  return record;
}

/** Changes the body of each message of a type, wherever it comes. */
export function rewriteBody(
  type: keyof typeof HANDSHAKE_TYPE,
  change: (body: Uint8Array) => Uint8Array,
): (datagram: Uint8Array) => Uint8Array {
  return rewriteFlight((messages) =>
    messages.map((message) =>
      message.type === HANDSHAKE_TYPE[type]
        ? handshakeMessage(message.type, message.messageSeq, change(message.body.slice()))
        : message,
    ),
  );
}

/** Changes the messages of each plain flight. */
export function rewriteFlight(
  change: (messages: HandshakeMessage[]) => HandshakeMessage[],
): (datagram: Uint8Array) => Uint8Array {
  return (datagram) => {
    const messages = messagesOf(datagram);
    return messages.length === 0 ? datagram : withMessages(datagram, change(messages));
  };
}

/** The bytes with some of them replaced: at an offset, or counted from the end when it is negative. */
export function patched(bytes: Uint8Array, offset: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, offset < 0 ? bytes.length + offset : offset);
  return copy;
}
