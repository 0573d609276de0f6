import { CborError, decodeValue } from '@lb-matrix/lb-cbor-keys';
import type { BodyForm } from '../body-form.ts';
import { bytesOfKey } from './item.ts';

/** A byte string of one byte: base64 that is written as bytes has 12 at least. */
const BYTE_STRING = '\x41';

/** The key of a room that the reference has at an index below 256, as a string of bytes. */
export function roomKey(index: number): string {
  return BYTE_STRING + String.fromCharCode(index);
}

/** The index; `undefined` for the key of a room as it is. */
export function roomIndex(key: string): number | undefined {
  return key.length === 2 && key.startsWith(BYTE_STRING) ? key.charCodeAt(1) : undefined;
}

/** The room id that a key is; `undefined` for what is no text. */
export function roomId(key: string, { base64 }: BodyForm): string | undefined {
  try {
    const id = decodeValue(bytesOfKey(key), { base64 });
    return typeof id === 'string' ? id : undefined;
  } catch (error) {
    if (error instanceof CborError) return undefined;
    throw error;
  }
}
