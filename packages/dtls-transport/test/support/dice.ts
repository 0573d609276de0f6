import { seededRandom } from './virtual-network.ts';

/** Choices that repeat with their seed. */
export interface Dice {
  /** A whole number from 0 to `below - 1`. */
  nat(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

export function diceOf(seed: number): Dice {
  const random = seededRandom(seed);
  const nat = (below: number) => Math.floor(random() * below);
  return {
    nat,
    chance: (probability) => random() < probability,
    pick: (items) => items[nat(items.length)]!,
    bytes: (length) => Uint8Array.from({ length }, () => nat(256)),
  };
}
