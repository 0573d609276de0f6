import { encodeValue } from '@lb-matrix/lb-cbor-keys';

/** Whether the codec writes a string as bytes. */
export function isBase64(text: string): boolean {
  return encodeValue(text, { base64: true })[0]! >> 5 !== 3;
}
