import { WriteEpoch } from './write-epoch.ts';
import type { RecordWriter } from './write-epoch-13.ts';

/** Epoch 0, whose records look the same in 1.2 and 1.3 (RFC 9147 4). */
export function plainWriter(firstSequence: number): RecordWriter {
  const epoch = new WriteEpoch(0, undefined, firstSequence);
  return {
    epoch: 0,
    get nextSequence() {
      return epoch.nextSequence;
    },
    overhead: () => epoch.overhead,
    write: (type, content, out, at) => epoch.write(type, content, out, at),
  };
}
