import { hasDotSegment } from './dot-segment.ts';
import { MappingError } from './mapping-error.ts';
import paths from './tables/paths-v1.json' with { type: 'json' };

/** The version of the path enum table (MSC3079 Appendix B); /versions advertises it. */
export const PATH_TABLE_VERSION = 1;

/** Which spelling of the client API an enum expands to; r0 is for homeservers older than Matrix 1.1. */
export type PathPrefix = 'v3' | 'r0';

/** A template cut at its slashes; `undefined` is a parameter. */
interface Template {
  readonly code: string;
  readonly segments: readonly (string | undefined)[];
  readonly parameters: number;
}

const TEMPLATES: readonly Template[] = Object.entries(paths).map(([code, path]) => {
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => (segment.startsWith('{') ? undefined : segment));
  return { code, segments, parameters: segments.filter((segment) => segment === undefined).length };
});

const BY_CODE: ReadonlyMap<string, Template> = new Map(TEMPLATES.map((template) => [template.code, template]));

/** Templates by their number of segments: a path is compared with a handful. */
const BY_LENGTH = new Map<number, Template[]>();
for (const template of TEMPLATES) {
  const { length } = template.segments;
  BY_LENGTH.set(length, [...(BY_LENGTH.get(length) ?? []), template]);
}

/** The place of r0 or v3 in a path. */
const PREFIX = 2;

/**
 * The full path of a request, from its decoded Uri-Path segments: `['7']` gives `['_matrix', 'client', 'v3', 'sync']`,
 * parameters fill from left to right, a full path is returned as it is. Only /_matrix/client/ is reachable, whatever
 * came in. Throws `MappingError` (`path`, `dot_segment`).
 */
export function expandPath(segments: readonly string[], prefix: PathPrefix = 'v3'): readonly string[] {
  if (segments.some(hasDotSegment)) throw new MappingError('dot_segment', 'Path segments . and .. are not allowed');
  const path = segments[0]?.length === 1 ? expandEnum(segments, prefix) : segments;
  if (path.length < 3 || path[0] !== '_matrix' || path[1] !== 'client') throw unrecognized();
  return path;
}

function expandEnum(segments: readonly string[], prefix: PathPrefix): string[] {
  const template = BY_CODE.get(segments[0]!);
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
export function collapsePath(segments: readonly string[]): readonly string[] {
  const template = BY_LENGTH.get(segments.length)?.find((candidate) => matches(candidate, segments));
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
