import type { LinkOptions } from '@lb-matrix/virtual-network';

/** A link without its seed. Rates are bits a second, delays milliseconds one way. */
export type LinkShape = Omit<LinkOptions, 'seed'>;

/** 2 Mbit/s and a round trip of 100 ms. */
export const BROADBAND: LinkShape = {
  up: { rate: 2_000_000, delay: 50 },
  down: { rate: 2_000_000, delay: 50 },
};

/** 1 Mbit/s, a round trip of 200 ms, and every tenth packet gets lost each way. */
export const LOSSY_BROADBAND: LinkShape = {
  up: { rate: 1_000_000, delay: 100 },
  down: { rate: 1_000_000, delay: 100 },
  loss: 0.1,
};

/** A round trip of 200 ms, and every tenth packet gets lost each way. */
export const LOSSY: LinkShape = { up: { delay: 100 }, down: { delay: 100 }, loss: 0.1 };

/** 60 kbit/s up, 30 down, 200 and 400 ms, packets of 296 bytes: a radio link. */
export const RADIO: LinkShape = {
  up: { rate: 60_000, delay: 200 },
  down: { rate: 30_000, delay: 400 },
  mtu: 296,
};
