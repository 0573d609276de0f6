import yargs, { type InferredOptionTypes, type Options } from 'yargs';
import { UsageError } from './cli-error.ts';
import { type FlagSpec, normaliseArgv } from './normalise-argv.ts';

/** A flag as yargs knows it, whose `type` is always given. */
export type CommandFlag = FlagSpec & Options;

/** What a tool's command line looks like, for the parser and for `--help`. */
export interface CommandLine<F extends Readonly<Record<string, CommandFlag>>> {
  /** How the tool is called. */
  readonly name: string;
  /** What `--version` prints after the name. */
  readonly version: string;
  /** The head of the help text: how the operands stand, and what the tool does. */
  readonly usage: string;
  readonly flags: F;
  /** The foot of the help text: examples, exit codes, environment. */
  readonly epilogue: string;
}

/** A read command line: a text to print (`--help`, `--version`), or what the user asked for. */
export type ParsedCommandLine<F extends Readonly<Record<string, CommandFlag>>> =
  | { readonly print: string }
  | { readonly print?: undefined; readonly flags: InferredOptionTypes<F>; readonly operands: readonly string[] };

const ALWAYS = {
  help: { type: 'boolean', alias: 'h', describe: 'Show this help' },
  version: { type: 'boolean', describe: 'Show the version' },
} as const satisfies Record<string, CommandFlag>;

/**
 * Reads a command line: `normaliseArgv`, then yargs with everything off that guesses. Values are taken as they are
 * written, and of a repeated flag the last counts, unless it has `array: true`.
 *
 * @param argv - the arguments after the program's name
 * @throws UsageError
 */
export function parseCommandLine<const F extends Readonly<Record<string, CommandFlag>>>(
  argv: readonly string[],
  { name, version, usage, flags, epilogue }: CommandLine<F>,
): ParsedCommandLine<F> {
  const args = normaliseArgv(argv, { ...flags, ...ALWAYS });
  const parser = yargs()
    .scriptName(name)
    .detectLocale(false)
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .usage(usage)
    .options(flags)
    .version(`${name} ${version}`)
    .help('help', ALWAYS.help.describe)
    .alias('help', ALWAYS.help.alias)
    .describe('version', ALWAYS.version.describe)
    .epilogue(epilogue)
    .wrap(100);

  let parsed: ParsedCommandLine<F> | undefined;
  parser.parse(args, {}, (error, values, output) => {
    if (error) throw new UsageError(error.message);
    if (output !== '') parsed = { print: `${output}\n` };
    else parsed = { flags: lastOnes(flags, values), operands: values._.map(String) };
  });
  return parsed!;
}

/** yargs gathers a repeated flag into an array; Go and curl take the last one. */
function lastOnes<F extends Readonly<Record<string, CommandFlag>>>(
  flags: F,
  values: Readonly<Record<string, unknown>>,
): InferredOptionTypes<F> {
  const single = Object.entries(flags).map(([name, { array }]) => {
    const value = values[name];
    return [name, Array.isArray(value) && !array ? value.at(-1) : value];
  });
  return Object.fromEntries(single) as InferredOptionTypes<F>;
}
