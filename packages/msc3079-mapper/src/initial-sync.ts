import { positionsIn, syncKind } from './positions/sync-question.ts';

/** Whether a request is for all there is: /sync without `since`, or sliding sync without `pos`. */
export function isInitialSync({ method, target }: { readonly method: string; readonly target: string }): boolean {
  const kind = syncKind(method, target);
  return kind !== undefined && positionsIn(target, kind).length === 0;
}
