import type { KeyTable } from './key-table.ts';
import type { Limits } from './limits.ts';

/** How CBOR is written. */
export interface EncodeOptions extends Limits {
  /** Keys of this table are written as integers. Without it all keys are text. */
  readonly keys?: KeyTable | undefined;
  /** Canonical CBOR (RFC 7049 3.9): the keys of a map in the order of their encodings, shorter ones first. Default false. */
  readonly canonical?: boolean;
}
