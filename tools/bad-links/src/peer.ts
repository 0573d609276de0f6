/** Whom a client finds at the other end: one that speaks RFC 7252 and RFC 7959 and nothing else, or ours, which agrees on more. */
export type Peer = 'rfc7959' | 'ours';
