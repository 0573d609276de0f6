import { ByteWriter } from '../wire/byte-writer.ts';

/**
 * The premaster secret. With ECDHE it is the shared secret (RFC 8422 5.10); with a pre-shared key that key stands behind the
 * shared secret (RFC 5489 2) or, without ECDHE, behind as many zeros as it is long (RFC 4279 2).
 */
export function premasterSecret(shared: Uint8Array | undefined, psk: Uint8Array | undefined): Uint8Array {
  if (psk === undefined) return shared!;
  return new ByteWriter()
    .vector16(shared ?? new Uint8Array(psk.length))
    .vector16(psk)
    .bytes();
}
