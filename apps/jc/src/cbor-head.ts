import { CborError } from '@lb-matrix/lb-cbor-keys';

/** What an item is. */
type Kind = 'unsigned' | 'negative' | 'bytes' | 'text' | 'array' | 'map' | 'tag' | 'simple' | 'float' | 'break';

/** The head of an item (RFC 8949 3). */
export interface Head {
  readonly kind: Kind;
  /** The offset of its first byte. */
  readonly at: number;
  /** Its bytes, 1 to 9. */
  readonly size: number;
  /**
   * The number after the major type: a length, a count, the bits of a float, and so on. Zero where the length is
   * indefinite.
   */
  readonly argument: number | bigint;
  /** An array, a map or a string that goes on until a break (RFC 8949 3.2). */
  readonly indefinite: boolean;
}

/** By major type; 7 has three. */
const KINDS = ['unsigned', 'negative', 'bytes', 'text', 'array', 'map', 'tag'] as const satisfies Kind[];

/**
 * Reads the head at `at`.
 *
 * @returns `undefined` if `bytes` end before it does
 * @throws CborError if it is not well-formed
 */
export function readHead(bytes: Uint8Array, at: number): Head | undefined {
  const initial = bytes[at];
  if (initial === undefined) return undefined;
  const info = initial & 0x1f;
  const kind = KINDS[initial >> 5] ?? (info === 31 ? 'break' : info < 25 ? 'simple' : 'float');
  if (info === 31) {
    const indefinite = kind !== 'break';
    if (indefinite && !canBeIndefinite(kind)) throw new CborError('reserved_length', at);
    return { kind, at, size: 1, argument: 0, indefinite };
  }
  // RFC 8949 3: 28 to 30 are reserved.
  if (info > 27) throw new CborError('reserved_length', at);
  const size = info < 24 ? 1 : 1 + 2 ** (info - 24);
  if (at + size > bytes.length) return undefined;
  const argument = info < 24 ? info : uint(bytes.subarray(at + 1, at + size));
  // RFC 8949 3.3: a simple value below 32 has one byte only.
  if (kind === 'simple' && size === 2 && argument < 32) throw new CborError('simple_value', at);
  return { kind, at, size, argument, indefinite: false };
}

/** The number that the item of an integer means. */
export function integerOf({ kind, argument }: Head): number | bigint {
  if (kind === 'unsigned') return argument;
  return typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER ? -1 - argument : -1n - BigInt(argument);
}

/** The number that the item of a float means (RFC 8949 3.3). */
export function floatOf({ size, argument }: Head): number {
  const view = new DataView(new ArrayBuffer(8));
  if (size === 3) return half(Number(argument));
  if (size === 5) {
    view.setUint32(0, Number(argument));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, BigInt(argument));
  return view.getFloat64(0);
}

function canBeIndefinite(kind: Kind): boolean {
  return kind === 'bytes' || kind === 'text' || kind === 'array' || kind === 'map';
}

/** 1, 2, 4 or 8 bytes, as a bigint where a number would not be exact. */
function uint(bytes: Uint8Array): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 1) return view.getUint8(0);
  if (bytes.length === 2) return view.getUint16(0);
  if (bytes.length === 4) return view.getUint32(0);
  const value = view.getBigUint64(0);
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** RFC 8949 appendix D. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}
