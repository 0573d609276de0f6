import type { CoapMessage } from '@lb-matrix/coap-codec';
import type { Limits, LowBandwidthOptions, ObservationRecord } from '@lb-matrix/lb-server';
import { VirtualTime } from '@lb-matrix/virtual-network';
import { expect } from 'vitest';
import { testServer } from './link.ts';
import { ANNOUNCE, bodyOf, kind, type RawClient, rawClient } from './raw-client.ts';
import { type SyncHomeserver, syncHomeserver } from './sync-homeserver.ts';

export const SECOND: number = 1000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;
/** Uri-Path of simplified sliding sync. */
export const SLIDING = '_matrix/client/unstable/org.matrix.simplified_msc3575/sync';

/** A server in front of a homeserver with one stream of messages, and clients that say what the test says. */
export function setUp(limits: Partial<Limits> = {}, forms: Pick<LowBandwidthOptions, 'lean'> = {}) {
  const platform = new VirtualTime();
  const homeserver: SyncHomeserver = syncHomeserver(platform);
  const records: ObservationRecord[] = [];
  const { listener, server } = testServer({
    platform,
    upstream: homeserver.upstream,
    limits,
    ...forms,
    onObservation: (record) => records.push(record),
    onError: (error) => {
      throw error;
    },
  });
  const client = (peer?: Parameters<typeof rawClient>[2]) => rawClient(platform, listener, peer);
  /** The only message that has come. */
  const one = (from: RawClient): CoapMessage => {
    const messages = from.received();
    expect(messages.map(kind)).toHaveLength(1);
    return messages[0]!;
  };
  /** A client that observes from `since`, without news so far. */
  const observer = async (since = 's0') => {
    const observing = client();
    observing.register([`since=${since}`], { options: [ANNOUNCE] });
    await platform.advance(0);
    expect(kind(one(observing))).toBe('ACK 2.05');
    homeserver.targets();
    return observing;
  };
  return { platform, homeserver, records, server, client, one, observer };
}

/** The contents of the messages in a push. */
export function contents(message: CoapMessage): unknown[] {
  const { to_device } = bodyOf(message) as { to_device?: { events: { content: unknown }[] } };
  return to_device?.events.map(({ content }) => content) ?? [];
}

export const nextBatch = (message: CoapMessage): unknown => (bodyOf(message) as { next_batch: unknown }).next_batch;
