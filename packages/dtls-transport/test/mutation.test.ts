import { test } from 'vitest';
import { HANDSHAKE_KINDS } from './support/handshake-kinds.ts';
import { mutationCampaign } from './support/mutation-campaign.ts';

const kinds = HANDSHAKE_KINDS.map((kind) => [kind.name, kind] as const);

test.each(kinds)(
  '%s: nothing throws, goes on from a tampered message, or stays behind',
  (_name, kind) => {
    mutationCampaign(kind);
  },
  900_000,
);
