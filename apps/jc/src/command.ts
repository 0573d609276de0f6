import { type CommandFlag, packageVersion, parseCommandLine, UsageError } from '@lb-matrix/cli-args';
import { type KeyTable, keyTable } from '@lb-matrix/lb-cbor-keys';

/** What the user asked for. */
export interface Command {
  /** The data itself, `@FILE`, or `-`. */
  readonly input: string;
  /** CBOR to JSON instead of JSON to CBOR. */
  readonly c2j: boolean;
  /** A file's path, or `-`. */
  readonly out: string;
  readonly keys: KeyTable;
  readonly hex: boolean;
  readonly pretty: boolean;
  readonly general: boolean;
}

const FLAGS = {
  c2j: { type: 'boolean', describe: 'CBOR to JSON, its keys sorted by name' },
  out: { type: 'string', default: '-', describe: 'File to write to; - is stdout' },
  v: { type: 'string', default: '1', describe: 'Version of the integer keys; so far only 1' },
  hex: { type: 'boolean', describe: 'CBOR is in hex: what is written, or with -c2j read' },
  pretty: { type: 'boolean', describe: 'With -c2j: JSON on many lines' },
  general: { type: 'boolean', describe: 'With -c2j: read any CBOR, as near as JSON comes' },
} as const satisfies Record<string, CommandFlag>;

const USAGE = `Usage: jc [options] INPUT

JSON to CBOR with the integer keys of low-bandwidth Matrix (MSC3079), or with -c2j CBOR to JSON.
INPUT is the data itself, @FILE, or - for stdin.`;

const EPILOGUE = `CBOR is written in canonical form (RFC 7049 3.9), JSON without a newline at the end.
Options have one dash or two, and stand before or after INPUT.

Examples:
  jc -out hello.cbor '{"hello":"world"}'       a literal to a file
  jc -out data.cbor @data.json                 a file to a file
  echo '[42,38]' | jc --hex -                  stdin to hex on stdout
  jc -c2j @data.cbor                           a file to JSON on stdout
  jc -c2j --hex a1021902e4                     hex to JSON
  coap -k http://localhost:8008/_matrix/client/versions | jc -c2j --pretty -

Exit codes: 0 done, 1 INPUT or a file is bad, 2 wrong usage. On bad INPUT nothing is written.`;

/**
 * Reads the arguments after the program's name.
 *
 * @throws UsageError
 */
export function parseCommand(argv: readonly string[]): Command | { readonly print: string } {
  const parsed = parseCommandLine(argv, {
    name: 'jc',
    version: packageVersion(import.meta.url),
    usage: USAGE,
    flags: FLAGS,
    epilogue: EPILOGUE,
  });
  if (parsed.print !== undefined) return parsed;

  const { c2j = false, out, v, hex = false, pretty = false, general = false } = parsed.flags;
  const [input, ...others] = parsed.operands;
  if (input === undefined) throw new UsageError("supply the data itself, such as '{}', or @FILE, or - for stdin");
  if (others.length > 0) throw new UsageError(`one INPUT only, but there is '${others[0]}' too: quote what has spaces`);
  if (pretty && !c2j) throw new UsageError('--pretty goes with -c2j only');
  if (general && !c2j) throw new UsageError('--general goes with -c2j only');
  const keys = /^\d+$/.test(v) ? keyTable(Number(v)) : undefined;
  if (!keys) throw new UsageError(`-v: only version 1 of the integer keys is known, not '${v}'`);
  return { input, c2j, out, keys, hex, pretty, general };
}
