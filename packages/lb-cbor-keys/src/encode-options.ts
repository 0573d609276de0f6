import type { KeyTable } from './key-table.ts';
import type { Limits } from './limits.ts';

/** How CBOR is written. */
export interface EncodeOptions extends Limits {
  /** Keys of this table are written as integers. Without it all keys are text. */
  readonly keys?: KeyTable | undefined;
  /**
   * Strings of base64, keys too, are written as byte strings: those of 16 characters and more that come back from their
   * bytes exactly. Only for a peer that is known to decode with `base64`. Default false.
   */
  readonly base64?: boolean;
  /** Canonical CBOR (RFC 7049 3.9): the keys of a map in the order of their encodings, shorter ones first. Default false. */
  readonly canonical?: boolean;
}
