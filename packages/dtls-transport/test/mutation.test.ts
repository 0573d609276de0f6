import { test } from 'vitest';
import { HANDSHAKE_KINDS } from './support/handshake-kinds.ts';
import { mutationCampaign } from './support/mutation-campaign.ts';

test.each(HANDSHAKE_KINDS)(
  '$name: nothing throws, goes on from a tampered message, or stays behind',
  { timeout: 900_000 },
  (kind) => {
    mutationCampaign(kind);
  },
);
