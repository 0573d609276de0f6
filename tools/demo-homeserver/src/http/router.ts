import { invalidParam, MatrixError } from '../matrix-error.ts';
import type { Handler, Route } from './route.ts';

/** A route that fits, and what its parameters are. */
export interface Match {
  readonly handle: Handler;
  readonly params: { readonly [name: string]: string };
}

/**
 * Finds the route of a request. `r0` is an alias of `v3`.
 *
 * @param path - still percent-encoded
 * @throws MatrixError M_UNRECOGNIZED, 404 for an unknown path and 405 for a method that a known one does not have
 */
export function findRoute(routes: readonly Route[], method: string, path: string): Match {
  const segments = path
    .replace(/^\/_matrix\/client\/r0\//, '/_matrix/client/v3/')
    .split('/')
    .map(decodeSegment);
  const fitting = routes.filter((route) => fits(route, segments));
  const route = fitting.find((candidate) => candidate.method === method);
  if (route === undefined) {
    throw new MatrixError(fitting.length === 0 ? 404 : 405, 'M_UNRECOGNIZED', 'Unrecognized request');
  }
  const params = route.segments.flatMap((name, index) =>
    name.startsWith(':') ? [[name.slice(1), segments[index] ?? '']] : [],
  );
  return { handle: route.handle, params: Object.fromEntries(params) };
}

function fits(route: Route, segments: readonly string[]): boolean {
  return (
    route.segments.length === segments.length &&
    route.segments.every((segment, index) => segment.startsWith(':') || segment === segments[index])
  );
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidParam('The path is not percent-encoded UTF-8');
  }
}
