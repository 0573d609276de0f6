import { send } from '@lb-matrix/scripted-http';
import type { StatusReport } from '../../src/status/status.ts';

/** What the status page of a client proxy shows. */
export async function statusOf(url: string): Promise<StatusReport> {
  const { body } = await send(url, 'GET', '/_lb/status.json');
  return JSON.parse(body.toString());
}
