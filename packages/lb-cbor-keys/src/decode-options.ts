import type { KeyTable } from './key-table.ts';
import type { Limits } from './limits.ts';

/** How CBOR is read. */
export interface DecodeOptions extends Limits {
  /** The table of integer keys. Default version 1, which every MSC3079 peer may use unasked. */
  readonly keys?: KeyTable | undefined;
  /** Byte strings are read as the base64 of which `base64` of the encoders makes them. Default false: they are refused. */
  readonly base64?: boolean;
  /**
   * Called once, after all was read without an error, if the input had integer keys: such a sender understands them too
   * (MSC3079, versioning).
   */
  readonly onIntegerKeys?: (() => void) | undefined;
}
