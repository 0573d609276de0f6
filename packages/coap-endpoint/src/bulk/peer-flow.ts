import { nonTiming } from '@lb-matrix/blockwise';
import { createFlow, type Flow } from '../congestion/flow.ts';
import { SetFlow } from './set-flow.ts';

/**
 * Makes the flow of bodies to a peer: paced by what is learnt from one that agreed on prompt reports, set by set to one of which no more
 * is known.
 */
export function peerFlow(
  randomBytes: (length: number) => Uint8Array,
  roundTrip: () => number | undefined,
): (prompt: boolean, now: number) => Flow {
  const random = () => {
    const bytes = randomBytes(2);
    return ((bytes[0]! << 8) | bytes[1]!) / 0x1_0000;
  };
  return (prompt, now) =>
    prompt ? createFlow({ random, roundTrip: roundTrip() }, now) : new SetFlow(nonTiming(), random());
}
