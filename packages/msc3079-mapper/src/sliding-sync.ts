/**
 * Whether a target is that of simplified sliding sync (MSC4186), under its unstable name or as `/v4/sync`. It is asked
 * with POST over HTTP, though it changes nothing: over CoAP that is FETCH (RFC 8132 section 2), which can be observed.
 */
export function isSlidingSync(target: string): boolean {
  return /^\/_matrix\/client\/(?:unstable\/org\.matrix\.simplified_msc3575|v4)\/sync(?:\?|$)/.test(target);
}
