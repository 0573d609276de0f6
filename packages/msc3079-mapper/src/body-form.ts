import { encodeValue, type KeyTable, keyTable } from '@lb-matrix/lb-cbor-keys';
import { latin1 } from './cbor-walk.ts';
import type { Compression } from './compression.ts';
import { Feature } from './option-number.ts';

/** How the two ends of a session write CBOR. */
export interface BodyForm {
  /** `undefined`: text keys. */
  readonly keys: KeyTable | undefined;
  readonly base64: boolean;
  /** `undefined`: bodies are not compressed, and Content-Format says what they are. */
  readonly compression: Compression | undefined;
}

/** Who has agreed on forms with a peer. */
export interface FormParty {
  /** The integer keys that the peer knows without them. */
  readonly keyTable: 0 | 1 | undefined;
  readonly compression: Compression | undefined;
}

const V1 = keyTable(1);
const V2 = keyTable(2);

/** How a session writes, by the bits of `Feature` that were agreed on. */
export function writtenForm(agreed: number, { keyTable: version, compression }: FormParty): BodyForm {
  const keys = version === 1 ? V1 : undefined;
  return {
    keys: (agreed & Feature.Tables2) === 0 ? keys : V2,
    base64: (agreed & Feature.Base64) !== 0,
    compression: (agreed & Feature.Deflate) === 0 ? undefined : compression,
  };
}

/** How a session reads: integer keys of table 1 are understood everywhere (R2). */
export function readForm(agreed: number, compression: Compression | undefined): BodyForm {
  return writtenForm(agreed, { keyTable: 1, compression });
}

/** The bytes that a name is as a key of this form, as a string. */
export function keyBytes(name: string, { keys, base64 }: BodyForm): string {
  const integer = keys?.integers.get(name);
  return latin1(encodeValue(integer ?? name, { base64 }));
}
