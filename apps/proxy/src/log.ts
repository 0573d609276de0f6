import { type LogFormat, type LogLevel, textLine } from '@lb-matrix/cli-args';
import type { Logger } from 'pino';

/** What a log is written to. */
export interface LogOutput {
  write(line: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/**
 * The proxy's log on stderr: one line an event, as text for people on a terminal, else as JSON. Bodies, tokens and
 * queries have no place in it.
 */
export async function createLog(
  level: LogLevel,
  format?: LogFormat,
  output: LogOutput = process.stderr,
): Promise<Logger> {
  const { pino, stdTimeFunctions } = await import('pino');
  const asText = format === undefined ? output.isTTY === true : format === 'text';
  const started = Date.now();
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, { write: (line) => void output.write(asText ? textLine(line, started) : line) });
}
