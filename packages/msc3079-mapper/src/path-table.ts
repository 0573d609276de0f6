import { hasDotSegment } from './dot-segment.ts';
import { MappingError } from './mapping-error.ts';
import paths from './tables/paths-v1.json' with { type: 'json' };
import v2 from './tables/paths-v2.json' with { type: 'json' };

/** The version of the path enum table (MSC3079 Appendix B) that every server understands unasked. */
export const PATH_TABLE_VERSION = 1;

/** Versions of the path enum table: 2 appends to 1. */
export type PathTableVersion = 1 | 2;

/** Which spelling of the client API an enum expands to; r0 is for homeservers older than Matrix 1.1. */
export type PathPrefix = 'v3' | 'r0';

/** A template cut at its slashes; `undefined` is a parameter. */
interface Template {
  readonly code: string;
  readonly segments: readonly (string | undefined)[];
  readonly parameters: number;
}

interface PathTable {
  readonly byCode: ReadonlyMap<string, Template>;
  /** By their number of segments, so that a path is compared with a handful. */
  readonly byLength: ReadonlyMap<number, readonly Template[]>;
}

const TABLES: Readonly<Record<PathTableVersion, PathTable>> = {
  1: pathTable(Object.entries(paths)),
  2: pathTable([...Object.entries(paths), ...Object.entries(v2.appended)]),
};

function pathTable(entries: readonly (readonly [code: string, path: string])[]): PathTable {
  const templates = entries.map(([code, path]): Template => {
    const segments = path
      .slice(1)
      .split('/')
      .map((segment) => (segment.startsWith('{') ? undefined : segment));
    return { code, segments, parameters: segments.filter((segment) => segment === undefined).length };
  });
  const byLength = new Map<number, Template[]>();
  // Of several that match, the one with the most literal segments is taken.
  for (const template of [...templates].sort((a, b) => a.parameters - b.parameters)) {
    const { length } = template.segments;
    byLength.set(length, [...(byLength.get(length) ?? []), template]);
  }
  return { byCode: new Map(templates.map((template) => [template.code, template])), byLength };
}

/** The place of r0 or v3 in a path. */
const PREFIX = 2;

/**
 * The full path of a request, from its decoded Uri-Path segments: `['7']` gives `['_matrix', 'client', 'v3', 'sync']`,
 * parameters fill from left to right, a full path is returned as it is. Only /_matrix/client/ is reachable, whatever
 * came in. Throws `MappingError` (`path`, `dot_segment`).
 */
export function expandPath(
  segments: readonly string[],
  prefix: PathPrefix = 'v3',
  version: PathTableVersion = 1,
): readonly string[] {
  if (segments.some(hasDotSegment)) throw new MappingError('dot_segment', 'Path segments . and .. are not allowed');
  const path = isEnum(segments) ? expandEnum(segments, prefix, version) : segments;
  if (path.length < 3 || path[0] !== '_matrix' || path[1] !== 'client') throw unrecognized();
  return path;
}

/** Whether a path is an enum of some version, known or not: no full path begins with so few characters. */
export function isEnum(segments: readonly string[]): boolean {
  const first = segments[0]?.length ?? 0;
  return first === 1 || first === 2;
}

/** Whether a path is an enum that version 1 does not have. */
export function isAppendedEnum(segments: readonly string[]): boolean {
  return Object.hasOwn(v2.appended, segments[0] ?? '');
}

function expandEnum(segments: readonly string[], prefix: PathPrefix, version: PathTableVersion): string[] {
  const template = TABLES[version].byCode.get(segments[0]!);
  if (template === undefined || template.parameters !== segments.length - 1) throw unrecognized();
  let next = 1;
  return template.segments.map((segment, i) => {
    if (segment === undefined) return segments[next++]!;
    return i === PREFIX && segment === 'v3' ? prefix : segment;
  });
}

/**
 * The shortest Uri-Path segments for a full path (decoded segments), under r0 as under v3; a path without an enum is
 * returned as it is. An empty parameter goes by the full path: others may drop an empty segment at the end.
 */
export function collapsePath(segments: readonly string[], version: PathTableVersion = 1): readonly string[] {
  // Media paths have codes of version 2, though no server of ours serves them.
  if (segments[1] !== 'client') return segments;
  const candidates = TABLES[version].byLength.get(segments.length);
  const template = candidates?.find((candidate) => matches(candidate, segments));
  if (template === undefined) return segments;
  return [template.code, ...segments.filter((_, i) => template.segments[i] === undefined)];
}

function matches(template: Template, segments: readonly string[]): boolean {
  return template.segments.every((literal, i) => {
    const segment = segments[i]!;
    if (literal === undefined) return segment !== '';
    return segment === literal || (i === PREFIX && literal === 'v3' && segment === 'r0');
  });
}

function unrecognized(): MappingError {
  return new MappingError('path', 'Unrecognized request');
}
