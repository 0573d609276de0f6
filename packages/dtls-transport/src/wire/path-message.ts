/** RFC 9853: messages of the return routability check. */

/** Bytes of the cookie that a challenge carries and its response repeats. */
export const PATH_COOKIE_LENGTH = 8;

const TYPES = { challenge: 0, response: 1, drop: 2 } as const;

/** `drop` answers a challenge at an address that the peer does not use any more. */
export interface PathMessage {
  readonly type: keyof typeof TYPES;
  readonly cookie: Uint8Array;
}

/** A message, its cookie a view; `undefined` when the bytes are none. Never throws. */
export function readPathMessage(content: Uint8Array): PathMessage | undefined {
  if (content.length !== 1 + PATH_COOKIE_LENGTH) return undefined;
  const cookie = content.subarray(1);
  switch (content[0]) {
    case TYPES.challenge:
      return { type: 'challenge', cookie };
    case TYPES.response:
      return { type: 'response', cookie };
    case TYPES.drop:
      return { type: 'drop', cookie };
    default:
      return undefined;
  }
}

export function writePathMessage({ type, cookie }: PathMessage): Uint8Array {
  const content = new Uint8Array(1 + PATH_COOKIE_LENGTH);
  content[0] = TYPES[type];
  content.set(cookie, 1);
  return content;
}
