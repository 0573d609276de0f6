import { type CommandFlag, packageVersion, parseCommandLine, UsageError } from '@lb-matrix/cli-args';
import { type KeyTable, keyTable } from '@lb-matrix/lb-cbor-keys';

/** What the user asked for. */
export interface Command {
  /** The data itself, `@FILE`, or `-`. */
  readonly input: string;
  readonly from: 'json' | 'cbor';
  readonly to: 'cbor' | 'json' | 'diagnostic' | 'statistics';
  /** Many values: lines of JSON, a CBOR sequence. */
  readonly sequence: boolean;
  /** A file's path, or `-`. */
  readonly out: string;
  readonly keys: KeyTable;
  /** Base64 is written as byte strings, and byte strings are read as it: as peers of version 2 do. */
  readonly base64: boolean;
  /** CBOR, read or written, is in hex. */
  readonly hex: boolean;
  readonly pretty: boolean;
  readonly general: boolean;
}

const FLAGS = {
  c2j: { type: 'boolean', describe: 'CBOR to JSON, its keys sorted by name' },
  diag: { type: 'boolean', describe: 'CBOR to diagnostic notation (RFC 8949), integer keys with their names' },
  stats: { type: 'boolean', describe: 'Only tell the sizes as JSON and as CBOR, and the keys without a number' },
  seq: { type: 'boolean', describe: 'Many values: JSON lines to a CBOR sequence (RFC 8742), or back' },
  out: { type: 'string', default: '-', describe: 'File to write to; - is stdout' },
  v: { type: 'string', default: '1', describe: 'Version of the tables: 1, or 2 with base64 as byte strings' },
  hex: { type: 'boolean', describe: 'CBOR is in hex: what is written, or with -c2j and --diag read' },
  pretty: { type: 'boolean', describe: 'With -c2j and --diag: on many lines' },
  general: { type: 'boolean', describe: 'With -c2j: read any CBOR, as near as JSON comes; --diag always does' },
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
  jc --diag --hex a1021902e4                   hex to {2 /type/: 740}
  jc --stats --seq @bodies.jsonl               what CBOR saves on all lines of a file
  coap -k http://localhost:8008/_matrix/client/versions | jc -c2j --pretty -

Exit codes: 0 done, 1 INPUT or a file is bad, 2 wrong usage. On bad INPUT nothing is written; with --seq,
stdout has got the values before the bad one.`;

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

  const { c2j = false, diag = false, stats = false, seq = false, hex = false } = parsed.flags;
  const { out, v, pretty = false, general = false } = parsed.flags;
  const [input, ...others] = parsed.operands;
  if (input === undefined) throw new UsageError("supply the data itself, such as '{}', or @FILE, or - for stdin");
  if (others.length > 0) throw new UsageError(`one INPUT only, but there is '${others[0]}' too: quote what has spaces`);
  if (diag && stats) throw new UsageError('--diag and --stats do not go together');
  const from = c2j || diag ? 'cbor' : 'json';
  const to = stats ? 'statistics' : diag ? 'diagnostic' : c2j ? 'json' : 'cbor';
  if (hex && from === 'json' && stats) throw new UsageError('--hex goes with --stats only if there is -c2j too');
  if (pretty && (from === 'json' || stats)) throw new UsageError('--pretty goes with -c2j or --diag only');
  if (pretty && seq) throw new UsageError('--pretty and --seq do not go together: a line is a value');
  if (general && (from === 'json' || stats)) throw new UsageError('--general goes with -c2j only, without --stats');
  const keys = /^\d+$/.test(v) ? keyTable(Number(v)) : undefined;
  if (!keys) throw new UsageError(`-v: only versions 1 and 2 of the tables are known, not '${v}'`);
  return { input, from, to, sequence: seq, out, keys, base64: keys.version > 1, hex, pretty, general };
}
