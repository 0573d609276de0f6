import { MAX_PLAINTEXT } from '../wire/record.ts';

/** What was in a record whose type is encrypted with it. */
export interface InnerPlaintext {
  readonly type: number;
  readonly content: Uint8Array;
}

/** RFC 8446 5.4, RFC 9146 4: padding of zeros, and before it the type; `undefined` when there is no type. */
export function readInnerPlaintext(inner: Uint8Array): InnerPlaintext | undefined {
  let last = inner.length - 1;
  while (last >= 0 && inner[last] === 0) last -= 1;
  return last < 0 ? undefined : { type: inner[last]!, content: inner.subarray(0, last) };
}

/** Room for the longest: it is protected at once, and memory for each record would cost as much as that. */
const room = new Uint8Array(MAX_PLAINTEXT + 1);

/** RFC 8446 5.2: the true type stands behind the content. The bytes are valid until the next call. */
export function writeInnerPlaintext(type: number, content: Uint8Array): Uint8Array {
  const inner = room.subarray(0, content.length + 1);
  inner.set(content);
  inner[content.length] = type;
  return inner;
}
