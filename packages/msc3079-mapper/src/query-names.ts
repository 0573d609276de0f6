import table from './tables/paths-v2.json' with { type: 'json' };

const { short, flags, defaults, dropped } = table.query;
const SHORT: ReadonlyMap<string, string> = new Map(Object.entries(short));
const LONG: ReadonlyMap<string, string> = new Map(Object.entries(short).map(([name, letter]) => [letter, name]));

/** Path codes of /sync and of sliding sync under both names: they wait for half a minute if nothing else is said. */
const WAITING: ReadonlySet<string> = new Set(['7', 'y', '~']);
const TIMEOUT = 'timeout';
const DEFAULT_TIMEOUT = `${TIMEOUT}=${defaults.timeout}`;
/** The letter by itself: there is no timeout. */
const NO_TIMEOUT = short.timeout;

/**
 * The arguments of a query (`name=value`, decoded) with the short names of path table 2, for a request whose path is the
 * enum `code`. `undefined` when a name could be taken for a short one: such a request goes by its full path.
 */
export function shortenQuery(query: readonly string[], code: string): string[] | undefined {
  if (query.some((argument) => LONG.has(nameOf(argument)))) return undefined;
  const kept = query.filter((argument) => !dropped.includes(nameOf(argument)));
  const result = kept.map(shorten);
  if (!WAITING.has(code)) return result;
  const timeouts = kept.filter((argument) => nameOf(argument) === TIMEOUT);
  if (timeouts.length === 0) result.push(NO_TIMEOUT);
  else if (timeouts.length === 1 && timeouts[0] === DEFAULT_TIMEOUT) result.splice(kept.indexOf(DEFAULT_TIMEOUT), 1);
  return result;
}

/** What `shortenQuery` made shorter. */
export function expandQuery(query: readonly string[], code: string): string[] {
  const result = query.filter((argument) => argument !== NO_TIMEOUT).map(expand);
  if (!WAITING.has(code) || result.length < query.length) return result;
  return result.some((argument) => nameOf(argument) === TIMEOUT) ? result : [...result, DEFAULT_TIMEOUT];
}

/** Whether an argument has a short name, which nothing in the specification has. */
export function isShortened(argument: string): boolean {
  return LONG.has(nameOf(argument));
}

function shorten(argument: string): string {
  const name = nameOf(argument);
  const letter = SHORT.get(name);
  // A name without "=" stays as it is: the letter by itself says something else.
  if (letter === undefined || name.length === argument.length) return argument;
  const value = argument.slice(name.length);
  return value === '=true' && flags.includes(letter) ? letter : letter + value;
}

function expand(argument: string): string {
  const letter = nameOf(argument);
  const name = LONG.get(letter);
  if (name === undefined) return argument;
  const value = argument.slice(letter.length);
  return value === '' && flags.includes(letter) ? `${name}=true` : name + value;
}

function nameOf(argument: string): string {
  const equals = argument.indexOf('=');
  return equals < 0 ? argument : argument.slice(0, equals);
}
