import type { Device } from '../accounts.ts';
import type { ClientRequest } from '../http/client-request.ts';
import type { JsonObject } from '../json.ts';

/** Transactions that are remembered for each device; the oldest goes first. */
const MAX_TRANSACTIONS = 100;

/**
 * Performs a request once: the same device with the same path gets the first answer again. What throws is not remembered, so that the
 * client may try again.
 */
export function once({ transactions }: Device, { params }: ClientRequest, perform: () => JsonObject): JsonObject {
  const key = JSON.stringify(params);
  const known = transactions.get(key);
  if (known !== undefined) return known;
  const answer = perform();
  const [oldest] = transactions.keys();
  if (oldest !== undefined && transactions.size >= MAX_TRANSACTIONS) transactions.delete(oldest);
  transactions.set(key, answer);
  return answer;
}
