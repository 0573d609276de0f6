import type { BodyForm } from './body-form.ts';
import { concat } from './bytes.ts';
import type { CompressionRule } from './compressible.ts';
import { type Compression, DEFAULT_MAX_BYTES, DEFAULT_THRESHOLD } from './compression.ts';
import { dictionary } from './dictionary.ts';
import { hasSecretKey } from './secret-keys.ts';
import { STRUCTURE, type SyncPart, syncParts } from './sync-parts.ts';

/**
 * First byte of a body in several streams. No DEFLATE stream begins with it: block type 3 is reserved (RFC 1951 3.2.3).
 * After it come the parts, in order: a head, the length times two, plus one for a part that is compressed, in groups of
 * seven bits, lower ones first, each but the last with the eighth bit set; then so many bytes.
 */
const PARTS = 0x07;

/** What Content-Format costs, in bytes, and a compressed body goes without. */
const LABEL = 2;

/**
 * CBOR of ours compressed, or `undefined` where it may not be or does not become shorter. Each stream starts from the
 * dictionary and knows nothing of any other. What is cut into parts is packed in any case, as one part that is not
 * compressed if need be: all notifications of an observation have the same Content-Format (RFC 7641 4.2), which is none.
 */
export function pack(cbor: Uint8Array, rule: CompressionRule, form: BodyForm): Uint8Array | undefined {
  const { compression } = form;
  if (compression === undefined || rule === 'never') return undefined;
  const tried = cbor.length >= (compression.threshold ?? DEFAULT_THRESHOLD) && !hasSecretKey(cbor, form);
  const packed = tried ? (rule === 'parts' ? packParts(cbor, compression) : compress(cbor, compression)) : undefined;
  if (rule === 'whole') return packed !== undefined && packed.length < cbor.length + LABEL ? packed : undefined;
  const stored = concat([Uint8Array.of(PARTS), varint(cbor.length * 2), cbor]);
  return packed !== undefined && packed.length < stored.length ? packed : stored;
}

/** CBOR out of what `pack` made. Throws for what is none, or is of more than the allowed bytes. */
export function unpack(packed: Uint8Array, compression: Compression): Uint8Array {
  const maxBytes = compression.maxBytes ?? DEFAULT_MAX_BYTES;
  if (packed[0] !== PARTS) return compression.deflate.decompress(packed, dictionary(), maxBytes);
  const pieces: Uint8Array[] = [];
  let left = maxBytes;
  for (let at = 1; at < packed.length; ) {
    const head = readVarint(packed, at);
    const end = head.end + Math.floor(head.value / 2);
    if (end > packed.length) throw new RangeError('a part is longer than the body');
    const bytes = packed.subarray(head.end, end);
    const piece = head.value % 2 === 0 ? bytes : compression.deflate.decompress(bytes, dictionary(), left);
    left -= piece.length;
    if (left < 0) throw new RangeError(`more than ${maxBytes} bytes`);
    pieces.push(piece);
    at = end;
  }
  return concat(pieces);
}

function packParts(cbor: Uint8Array, compression: Compression): Uint8Array {
  const parts = syncParts(cbor);
  const contexts = new Set(parts.map(({ context }) => context));
  contexts.delete(STRUCTURE);
  // All of it about one room, or one person: there is nobody else's secret in it.
  if (contexts.size < 2 && !contexts.has(undefined)) return compress(cbor, compression);
  return concat([Uint8Array.of(PARTS), ...parts.flatMap((part) => packPart(cbor, part, compression))]);
}

function packPart(cbor: Uint8Array, { context, start, end }: SyncPart, compression: Compression): Uint8Array[] {
  const plain = cbor.subarray(start, end);
  const tried = context !== undefined && plain.length >= (compression.threshold ?? DEFAULT_THRESHOLD);
  const packed = tried ? compress(plain, compression) : plain;
  return packed.length < plain.length ? [varint(packed.length * 2 + 1), packed] : [varint(plain.length * 2), plain];
}

function compress(bytes: Uint8Array, { deflate }: Compression): Uint8Array {
  return deflate.compress(bytes, dictionary());
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  return Uint8Array.of(...bytes, left);
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, unit = 1; at < bytes.length && unit < 2 ** 42; at++, unit *= 128) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new RangeError('a part without a head');
}
