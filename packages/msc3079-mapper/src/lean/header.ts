import { Mark } from './item.ts';

/** Bytes before the map of a lean body: the tag with its generation, two of a check. */
export const HEADER_BYTES = 3;

/** Where the value of a body begins: behind the header of a lean one. No CBOR of JSON begins like one. */
export function startOf(cbor: Uint8Array): number {
  return isLean(cbor) ? HEADER_BYTES : 0;
}

/** Whether CBOR is a lean body. */
export function isLean(cbor: Uint8Array): boolean {
  return cbor[0]! >> 3 === Mark.Body >> 3;
}

/**
 * The header of a lean body of a generation, 0 to 7, for the CBOR that it means: two ends that do not know the same, for whatever
 * reason, are not to take one answer for another.
 */
export function headerOf(generation: number, cbor: Uint8Array): Uint8Array {
  const check = crc16(cbor);
  return Uint8Array.of(Mark.Body | generation, check >> 8, check & 0xff);
}

/** CRC-16 with the polynomial 0x1021 from 0xffff, the highest bit first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ byte]!;
  return crc;
}

const TABLE: Uint16Array = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});
