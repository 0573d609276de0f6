import type { ByteWriter } from './byte-writer.ts';

/** Major types (RFC 8949 3.1). */
export const UNSIGNED = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;

/** Writes the head of an item in its shortest form (RFC 8949 3, 4.2.1); `argument` is an integer of 0 to 2^53 - 1. */
export function writeHead(out: ByteWriter, major: number, argument: number): void {
  const bytes = out.reserve(9);
  const at = out.length;
  const type = major << 5;
  if (argument < 24) {
    bytes[at] = type | argument;
    out.length = at + 1;
  } else if (argument < 0x100) {
    bytes[at] = type | 24;
    bytes[at + 1] = argument;
    out.length = at + 2;
  } else if (argument < 0x10000) {
    bytes[at] = type | 25;
    bytes[at + 1] = argument >> 8;
    bytes[at + 2] = argument;
    out.length = at + 3;
  } else if (argument < 0x100000000) {
    bytes[at] = type | 26;
    writeUint32(bytes, at + 1, argument);
    out.length = at + 5;
  } else {
    bytes[at] = type | 27;
    writeUint32(bytes, at + 1, Math.floor(argument / 0x100000000));
    writeUint32(bytes, at + 5, argument % 0x100000000);
    out.length = at + 9;
  }
}

/** How many bytes `writeHead` needs for an argument below 2^32. */
export function headLength(argument: number): 1 | 2 | 3 | 5 {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  return argument < 0x10000 ? 3 : 5;
}

/** Writes a safe integer. */
export function writeInteger(out: ByteWriter, value: number): void {
  if (value >= 0) writeHead(out, UNSIGNED, value);
  else writeHead(out, NEGATIVE, -1 - value);
}

/** Writes an integer within 64 bits, or returns false. */
export function writeBigInteger(out: ByteWriter, value: bigint): boolean {
  // RFC 8949 3.1: major type 1 carries -1 - n.
  const major = value < 0n ? NEGATIVE : UNSIGNED;
  const argument = value < 0n ? -1n - value : value;
  if (argument > 0xffff_ffff_ffff_ffffn) return false;
  if (argument <= Number.MAX_SAFE_INTEGER) {
    writeHead(out, major, Number(argument));
    return true;
  }
  const bytes = out.reserve(9);
  const at = out.length;
  bytes[at] = (major << 5) | 27;
  writeUint32(bytes, at + 1, Number(argument >> 32n));
  writeUint32(bytes, at + 5, Number(argument & 0xffff_ffffn));
  out.length = at + 9;
  return true;
}

/**
 * Writes a finite number: an integer if its value is one within 64 bits (so -0 is 0), else the shortest float that keeps
 * it (RFC 8949 4.2.1).
 */
export function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value)) writeInteger(out, value);
  else if (!Number.isInteger(value) || !writeBigInteger(out, BigInt(value))) writeFloat(out, value);
}

const scratch = new DataView(new ArrayBuffer(8));

function writeFloat(out: ByteWriter, value: number): void {
  const bytes = out.reserve(9);
  const at = out.length;
  if (Math.fround(value) !== value) {
    scratch.setFloat64(0, value);
    bytes[at] = 0xfb;
    for (let i = 0; i < 8; i++) bytes[at + 1 + i] = scratch.getUint8(i);
    out.length = at + 9;
    return;
  }
  scratch.setFloat32(0, value);
  const single = scratch.getUint32(0);
  const half = halfBits(single);
  if (half === undefined) {
    bytes[at] = 0xfa;
    writeUint32(bytes, at + 1, single);
    out.length = at + 5;
  } else {
    bytes[at] = 0xf9;
    bytes[at + 1] = half >> 8;
    bytes[at + 2] = half;
    out.length = at + 3;
  }
}

/** The float16 with exactly the value of a finite float32 that is not 0, or undefined. */
function halfBits(single: number): number | undefined {
  const sign = (single >>> 16) & 0x8000;
  const exponent = ((single >>> 23) & 0xff) - 127;
  const mantissa = single & 0x7f_ffff;
  if (exponent >= -14 && exponent <= 15) {
    return (mantissa & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (mantissa >> 13) : undefined;
  }
  // Subnormal: the value is m * 2^-24 with m below 2^10.
  if (exponent < -24 || exponent > 15) return undefined;
  const dropped = -exponent - 1;
  const whole = mantissa | 0x80_0000;
  return (whole & ((1 << dropped) - 1)) === 0 ? sign | (whole >> dropped) : undefined;
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
