import { LOG_FLAGS, type LogFormat, type LogLevel, textLine } from '@lb-matrix/cli-args';

const LEVELS: readonly LogLevel[] = LOG_FLAGS['log-level'].choices;

/** Writes one line: what happened, and its details. Bodies, tokens and queries have no place in it. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: Readonly<Record<string, unknown>>) => void>>;

/** What a log is written to. */
export interface LogOutput {
  write(line: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** A log on stderr: as text for people on a terminal, else as JSON. */
export function createLog(least: LogLevel, format?: LogFormat, output: LogOutput = process.stderr): Log {
  const asText = format === undefined ? output.isTTY === true : format === 'text';
  const started = Date.now();
  const writer = (level: LogLevel): Log[LogLevel] => {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return () => {};
    return (msg, fields) => {
      const line = JSON.stringify({ level, time: new Date().toISOString(), msg, ...fields });
      output.write(asText ? textLine(line, started) : `${line}\n`);
    };
  };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
