import { startDemoHomeserver } from '@lb-matrix/demo-homeserver';
import {
  compareTranscripts,
  fetchRequest,
  rateLimitScript,
  requestScript,
  runScript,
  type Step,
  type Transcript,
} from '@lb-matrix/demo-homeserver/request-script';
import { describe, expect, it } from 'vitest';
import { DEMO_ALLOWANCES } from '../src/demo-allowances.ts';
import { startSynapse } from '../src/synapse.ts';
import { RATE_LIMIT } from '../src/synapse-config.ts';

async function runOn(
  start: () => Promise<{ readonly url: string; close(): Promise<void> }>,
  steps: readonly Step[],
): Promise<Transcript> {
  const homeserver = await start();
  try {
    return await runScript(steps, fetchRequest(homeserver.url));
  } finally {
    await homeserver.close();
  }
}

describe('the request script on Synapse and on the demo homeserver', () => {
  it('both answer every step as it expects, with the same codes and keys', async () => {
    const synapse = await runOn(() => startSynapse(), requestScript);
    const demo = await runOn(() => startDemoHomeserver({ log: () => {} }), requestScript);
    expect(synapse.problems).toEqual([]);
    expect(demo.problems).toEqual([]);
    expect(compareTranscripts(demo, synapse, DEMO_ALLOWANCES)).toEqual({ differences: [], unused: [] });
  });

  it('both limit the rate alike', async () => {
    const rateLimit = { perSecond: RATE_LIMIT.per_second, burstCount: RATE_LIMIT.burst_count };
    const synapse = await runOn(() => startSynapse({ rateLimited: true }), rateLimitScript);
    const demo = await runOn(() => startDemoHomeserver({ log: () => {}, rateLimit }), rateLimitScript);
    expect(synapse.problems).toEqual([]);
    expect(demo.problems).toEqual([]);
    expect(compareTranscripts(demo, synapse)).toEqual({ differences: [], unused: [] });
  });
});
