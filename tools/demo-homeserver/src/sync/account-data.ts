import type { AccountData } from '../accounts.ts';
import type { JsonObject } from '../json.ts';

/** The account data that changed after a stream position, as events. */
export function accountDataSince(
  data: ReadonlyMap<string, AccountData> | undefined,
  since: number,
): { type: string; content: JsonObject }[] {
  return [...(data ?? [])]
    .filter(([, { position }]) => position > since)
    .map(([type, { content }]) => ({ type, content }));
}
