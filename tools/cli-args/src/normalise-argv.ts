import { UsageError } from './cli-error.ts';

/** What the normaliser has to know of one flag; the option objects of yargs have this shape. */
export interface FlagSpec {
  /** A boolean flag stands alone; every other takes one value. */
  readonly type: 'boolean' | 'string' | 'number';
  /** Further names. One letter makes a short flag, which may be clustered (`-ik`) or carry its value (`-XPUT`). */
  readonly alias?: string | readonly string[];
}

/** The flags of a tool by their long names. */
export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

interface Flag {
  readonly name: string;
  readonly type: FlagSpec['type'];
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false] as const),
]);

/**
 * Rewrites a command line in the manner of Go's flag package and of curl into the one form that yargs reads without
 * guessing: every flag as `--long=value`, then `--`, then the operands.
 *
 * `-long` and `--long` are the same flag; a value follows after `=` or as the next argument, whatever it looks like
 * (`-d -`). What is not a flag's name is read as short flags: `-ik`, `-XPUT`. Flags and operands may be mixed; `-` and
 * negative numbers are operands; after `--` everything is.
 *
 * @throws UsageError for an unknown flag, a missing value, or a value that its type does not allow
 */
export function normaliseArgv(argv: readonly string[], specs: FlagSpecs): string[] {
  const byName = flagsByName(specs);
  const flags: string[] = [];
  const operands: string[] = [];

  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!;
    if (arg === '--') {
      operands.push(...argv.slice(i + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-' || (isNumber(arg) && !byName.has(arg[1]!))) {
      operands.push(arg);
      continue;
    }

    const next = (typed: string): string => {
      i += 1;
      if (i >= argv.length) throw new UsageError(`${typed} needs a value`);
      return argv[i]!;
    };
    const [typed, attached] = splitOnce(arg);
    const flag = byName.get(typed.replace(/^--?/, ''));
    if (flag?.type === 'boolean') flags.push(booleanFlag(flag, typed, attached));
    else if (flag) flags.push(valueFlag(flag, typed, attached ?? next(typed)));
    else if (arg.startsWith('--')) throw new UsageError(`unknown option ${typed}`);
    else flags.push(...shortFlags(arg, byName, next));
  }
  return [...flags, '--', ...operands];
}

function flagsByName(specs: FlagSpecs): ReadonlyMap<string, Flag> {
  const byName = new Map<string, Flag>();
  for (const [name, { type, alias = [] }] of Object.entries(specs)) {
    for (const each of [name, alias].flat()) byName.set(each, { name, type });
  }
  return byName;
}

function splitOnce(arg: string): [name: string, value: string | undefined] {
  const equals = arg.indexOf('=');
  return equals < 0 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

function booleanFlag(flag: Flag, typed: string, attached = 'true'): string {
  const value = BOOLEANS.get(attached);
  if (value === undefined) throw new UsageError(`${typed} is true or false, not '${attached}'`);
  return `--${flag.name}=${value}`;
}

function valueFlag(flag: Flag, typed: string, value: string): string {
  if (flag.type === 'number' && !isNumber(value)) throw new UsageError(`${typed} needs a number, not '${value}'`);
  return `--${flag.name}=${keepQuotes(value)}`;
}

/** yargs takes one pair of quotes off a value after `=`: a value that has them gets a second pair. */
function keepQuotes(value: string): string {
  return /^(["']).*\1$/s.test(value) ? `"${value}"` : value;
}

/** `-ik`: each letter a flag; the first that takes a value takes the rest, or else the next argument. */
function shortFlags(arg: string, byName: ReadonlyMap<string, Flag>, next: (typed: string) => string): string[] {
  const flags: string[] = [];
  for (let at = 1; at < arg.length; at++) {
    const typed = `-${arg[at]}`;
    const flag = byName.get(arg[at]!);
    if (!flag) throw new UsageError(`unknown option ${arg.length === 2 ? arg : `${typed} in ${arg}`}`);
    if (flag.type !== 'boolean') {
      const rest = arg.slice(at + 1);
      flags.push(valueFlag(flag, typed, rest === '' ? next(typed) : rest));
      break;
    }
    flags.push(booleanFlag(flag, typed));
  }
  return flags;
}

function isNumber(text: string): boolean {
  return /^-?\d+(\.\d+)?$/.test(text);
}
