import { UsageError } from './cli-error.ts';
import type { CommandFlag } from './command-line.ts';

/** 1 (fast) to 9 (small). */
type Level = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** What the flags say: how hard to try, and for bodies of how many bytes on; `false` for not at all. */
export type CompressionChoice = { readonly level: Level; readonly threshold: number } | false;

const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const satisfies readonly Level[];

/** The flags by which an app is told how to compress. */
export const COMPRESSION_FLAGS = {
  compression: {
    type: 'string',
    choices: ['off', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    default: '9',
    describe: 'Compress bodies for peers that agree to it: 1 is fast, 9 small, off not at all',
  },
  'compress-from': {
    type: 'number',
    default: 8,
    describe: 'Length in bytes from which a body is worth trying; more spares CPU, and small messages stay as they are',
  },
} as const satisfies Record<string, CommandFlag>;

/**
 * Reads the flags.
 *
 * @throws UsageError
 */
export function readCompression(flags: {
  readonly compression: string;
  readonly 'compress-from': number;
}): CompressionChoice {
  const threshold = flags['compress-from'];
  if (!Number.isInteger(threshold) || threshold < 0 || threshold > 1_000_000) {
    throw new UsageError(`--compress-from is a whole number from 0 to 1000000, not ${threshold}`);
  }
  const level = LEVELS.find((known) => String(known) === flags.compression);
  return level === undefined ? false : { level, threshold };
}
