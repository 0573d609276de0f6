import { CborError } from './cbor-error.ts';

/** Bounds on what is read and written; every function of this package takes them. */
export interface Limits {
  /** Deepest nesting of arrays and maps, 1 to 1024. Default 128. */
  readonly maxDepth?: number;
  /** Longest input and longest output, in bytes, 1 to 2^30. Default 67,108,864 (64 MiB). */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_DEPTH = 128;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;

/** Fills in the defaults. The upper bounds keep recursion within any stack, and offsets within 31 bits. */
export function checkLimits({ maxDepth = DEFAULT_MAX_DEPTH, maxBytes = DEFAULT_MAX_BYTES }: Limits): Required<Limits> {
  if (!(Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 1024)) throw new CborError('option_range', 0);
  if (!(Number.isInteger(maxBytes) && maxBytes >= 1 && maxBytes <= 2 ** 30)) throw new CborError('option_range', 0);
  return { maxDepth, maxBytes };
}
