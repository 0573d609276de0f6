import { type CoapOption, OptionNumber, stringOption, stringValues } from '@lb-matrix/coap-codec';
import { hasDotSegment } from './dot-segment.ts';
import { MappingError } from './mapping-error.ts';
import { PrivateOption } from './option-number.ts';
import {
  collapsePath,
  expandPath,
  isAppendedEnum,
  isEnum,
  type PathPrefix,
  type PathTableVersion,
} from './path-table.ts';
import { expandQuery, isShortened, shortenQuery } from './query-names.ts';

/** Longest Uri-Path or Uri-Query, in bytes (RFC 7252 5.10). */
const MAX_COMPONENT = 255;
/** Longest value that an option can have, in bytes (RFC 7252 3.1). */
const MAX_OPTION = 65_804;

/** Which tables the options of a request may be from. */
export interface TableUse {
  readonly prefix: PathPrefix;
  /** The version that was agreed on. */
  readonly version: PathTableVersion;
  /** The version that could have been. */
  readonly newest: PathTableVersion;
}

/** How an HTTP target becomes options. */
export interface TargetOptions {
  /** Use a path enum where one matches. */
  readonly pathEnums: boolean;
  /** The table of the enums; with version 2 the query's names are short too. */
  readonly pathTable: PathTableVersion;
  /** The server understands Long-Query. */
  readonly longQuery: boolean;
}

/**
 * The HTTP target of a request's Uri-Path, Uri-Query and Long-Query options. Every segment, name and value is percent-encoded as
 * `encodeURIComponent` does it, so nothing in an option can end a segment, an argument or the request line.
 * Throws `MappingError` (`path`, `dot_segment`, `bad_option`, `not_agreed`).
 */
export function optionsToTarget(options: readonly CoapOption[], { prefix, version, newest }: TableUse): string {
  const segments = stringValues(options, OptionNumber.UriPath);
  const query = stringValues(options, OptionNumber.UriQuery);
  const longQuery = stringValues(options, PrivateOption.LongQuery);
  if (segments === undefined || query === undefined || longQuery === undefined) {
    throw new MappingError('bad_option', 'Path or query is not UTF-8');
  }
  const named = [...query, ...longQuery];
  if (version < newest && isVersion2(segments, named))
    throw new MappingError('not_agreed', 'Path table 2 was not agreed on');
  const path = `/${expandPath(segments, prefix, version).map(encodeURIComponent).join('/')}`;
  const all = version === 2 && isEnum(segments) ? expandQuery(named, segments[0]!) : named;
  return all.length === 0 ? path : `${path}?${all.map(encodeArgument).join('&')}`;
}

/** Whether this is of version 2: read as version 1 it would be another request, such as a /sync from the beginning. */
function isVersion2(segments: readonly string[], query: readonly string[]): boolean {
  return isAppendedEnum(segments) || (isEnum(segments) && query.some(isShortened));
}

/** `flag` stays a flag, `flag=` keeps its empty value; a plus becomes %2B, since a server reads + as a space. */
function encodeArgument(argument: string): string {
  const equals = argument.indexOf('=');
  if (equals < 0) return encodeURIComponent(argument);
  return `${encodeURIComponent(argument.slice(0, equals))}=${encodeURIComponent(argument.slice(equals + 1))}`;
}

/**
 * Uri-Path and Uri-Query options for an HTTP target; Long-Query for all of a query with an argument over 255 bytes.
 * Throws `MappingError`: `target` for what is no path and query in ASCII, or cannot be told apart once it is decoded (a
 * name with %3D in it); `dot_segment`; `too_long` for a segment over 255 bytes; `query_too_long`.
 */
export function targetToOptions(target: string, { pathEnums, pathTable, longQuery }: TargetOptions): CoapOption[] {
  if (!/^\/[!-~]*$/.test(target) || target.includes('#')) throw new MappingError('target', 'Malformed request target');
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const segments = path === '/' ? [] : path.slice(1).split('/').map(decodeComponent);
  // RFC 7252 5.10.1: Uri-Path is never "." or "..".
  if (segments.some(hasDotSegment)) throw new MappingError('dot_segment', 'Path segments . and .. are not allowed');
  const text = mark < 0 ? '' : target.slice(mark + 1);
  // A lone "?" says nothing more than no query.
  const query = text === '' ? [] : text.split('&').map(decodeArgument);
  const collapsed = pathEnums ? collapsePath(segments, pathTable) : segments;
  if (pathTable === 1 || !isEnum(collapsed)) return collapsed.map(pathOption).concat(queryOptions(query, longQuery));
  const short = shortenQuery(query, collapsed[0]!);
  return short === undefined
    ? segments.map(pathOption).concat(queryOptions(query, longQuery))
    : collapsed.map(pathOption).concat(queryOptions(short, longQuery));
}

function queryOptions(query: readonly string[], longQuery: boolean): CoapOption[] {
  const options = query.map((argument) => stringOption(OptionNumber.UriQuery, argument));
  const longest = Math.max(0, ...options.map(({ value }) => value.length));
  if (longest <= MAX_COMPONENT) return options;
  if (!longQuery) throw new MappingError('query_too_long', `A query argument has over ${MAX_COMPONENT} bytes`);
  if (longest > MAX_OPTION) throw new MappingError('too_long', `A query argument has over ${MAX_OPTION} bytes`);
  // The whole query, so that its arguments keep their order.
  return options.map(({ value }) => ({ number: PrivateOption.LongQuery, value }));
}

function decodeArgument(argument: string): string {
  const spaced = argument.replaceAll('+', ' ');
  const equals = spaced.indexOf('=');
  const name = decodeComponent(equals < 0 ? spaced : spaced.slice(0, equals));
  if (name.includes('=')) throw new MappingError('target', 'A query name with "=" in it cannot be told from its value');
  return equals < 0 ? name : `${name}=${decodeComponent(spaced.slice(equals + 1))}`;
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new MappingError('target', 'Malformed percent-encoding in the request target');
  }
}

function pathOption(segment: string): CoapOption {
  const option = stringOption(OptionNumber.UriPath, segment);
  if (option.value.length > MAX_COMPONENT) {
    throw new MappingError('too_long', `A path segment has over ${MAX_COMPONENT} bytes`);
  }
  return option;
}
