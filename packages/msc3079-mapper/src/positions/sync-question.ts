import { isSlidingSync } from '../sliding-sync.ts';

/** What asks for news, and where it says from which position on. */
export type SyncKind = 'sync' | 'sliding';

const ARGUMENT: Readonly<Record<SyncKind, string>> = { sync: 'since', sliding: 'pos' };

/** Which of the two a request is; `undefined` for all else. */
export function syncKind(method: string, target: string): SyncKind | undefined {
  if (method === 'GET' && /^\/_matrix\/client\/(?:r0|v3)\/sync(?:\?|$)/.test(target)) return 'sync';
  return method === 'POST' && isSlidingSync(target) ? 'sliding' : undefined;
}

/** The positions that a target names, decoded: one, or none, or what makes no sense. */
export function positionsIn(target: string, kind: SyncKind): string[] {
  return argumentsOf(target)
    .filter((argument) => isPosition(argument, kind))
    .map((argument) => decode(argument.slice(ARGUMENT[kind].length + 1)));
}

/** The target without its position. */
export function withoutPosition(target: string, kind: SyncKind): string {
  const left = argumentsOf(target).filter((argument) => !isPosition(argument, kind));
  const path = target.split('?', 1)[0]!;
  return left.length === 0 ? path : `${path}?${left.join('&')}`;
}

/** The target of a request that names no position, with this one. */
export function withPosition(target: string, kind: SyncKind, position: string): string {
  return `${target}${target.includes('?') ? '&' : '?'}${ARGUMENT[kind]}=${encodeURIComponent(position)}`;
}

function isPosition(argument: string, kind: SyncKind): boolean {
  return argument.split('=', 1)[0] === ARGUMENT[kind];
}

function argumentsOf(target: string): string[] {
  const mark = target.indexOf('?');
  return mark < 0 ? [] : target.slice(mark + 1).split('&');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
