import { startLbProxy } from '../lb-proxy.ts';
import { startSynapse } from '../synapse.ts';
import type { SyncKind } from './app.ts';
import { type LowBandwidth, lowBandwidth } from './low-bandwidth.ts';
import type { Outcome } from './outcome.ts';
import { tellStory } from './story.ts';

/** How the story ended over each transport. */
export interface BothWays {
  readonly http: Outcome;
  readonly low: Outcome;
  readonly fallbacks: LowBandwidth['fallbacks'];
  /** Bytes of UDP payload. */
  readonly bytes: number;
  readonly pushes: number;
}

const PATIENCE_MS = 40_000;

/** Tells the story on one Synapse over HTTP and, at the same time, through the proxy. */
export async function bothWays(sync: SyncKind): Promise<BothWays> {
  const synapse = await startSynapse();
  const proxy = await startLbProxy(synapse.url);
  const low = lowBandwidth(proxy);
  try {
    const stage = { homeserver: synapse.url, sync, patience: PATIENCE_MS };
    const outcomes = await Promise.all([
      tellStory({ ...stage, connect: () => fetch, suffix: '-http' }),
      tellStory({ ...stage, connect: low.connect, suffix: '-udp' }),
    ]);
    return { http: outcomes[0], low: outcomes[1], fallbacks: low.fallbacks, bytes: low.bytes(), pushes: low.pushes() };
  } finally {
    low.close();
    await proxy.close();
    await synapse.close();
  }
}
