/**
 * Why something that arrived was dropped without a word: `malformed` is not DTLS; `unexpected` has no place where the
 * association stands; `overflow` met a bound; `unknown` belongs to no association.
 */
export type DropReason = 'malformed' | 'unexpected' | 'replayed' | 'unauthenticated' | 'overflow' | 'unknown';

/** How often, by reason. */
export type Drops = Record<DropReason, number>;

export function noDrops(): Drops {
  return { malformed: 0, unexpected: 0, replayed: 0, unauthenticated: 0, overflow: 0, unknown: 0 };
}
