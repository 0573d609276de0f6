import { DtlsMalformedError } from '../errors.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { EXTENSION, readExtensions, writeExtensions } from '../wire/extensions.ts';

/**
 * Of what follows the cookie in a ClientHello, the part that is the same when the client says hello again: RFC 6347 4.2.1 wants
 * the same cipher suites and compression methods. Of the extensions it says nothing: a client that speaks DTLS 1.3 too leaves
 * out what is of 1.3 once a server has asked for a cookie of 1.2, pads anew (dimpl 0.9), and has another order (wolfSSL 5.9).
 * The rest of them is a part of it.
 */
export function steadyPart(afterCookie: Uint8Array): Uint8Array {
  const reader = new ByteReader(afterCookie, 'ClientHello');
  try {
    reader.vector16();
    reader.vector8();
    const parameters = afterCookie.subarray(0, reader.offset);
    const extensions = [...readExtensions(reader, 'ClientHello')].filter(([type]) => !isFleeting(type));
    reader.end();
    const writer = new ByteWriter().raw(parameters);
    writeExtensions(writer, new Map(extensions.sort(([a], [b]) => a - b)));
    return writer.bytes();
  } catch (error) {
    // Whoever reads all of it will say so.
    if (error instanceof DtlsMalformedError) return afterCookie;
    throw error;
  }
}

/** RFC 8446 4.2 has given out the numbers 41 to 51. */
function isFleeting(type: number): boolean {
  return type === EXTENSION.padding || (type >= 41 && type <= 51);
}
