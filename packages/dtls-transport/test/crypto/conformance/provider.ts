import { testAeads } from './aeads.ts';
import { testHashes } from './hashes.ts';
import { testKeyAgreement } from './key-agreement.ts';
import { testRecordNumberMasks } from './record-number-masks.ts';
import { testSignatures } from './signatures.ts';
import type { ConformanceSubject } from './subject.ts';

/** The behaviour that the engines rely on, and every Wycheproof vector of what they use. */
export function testProvider(subject: ConformanceSubject): void {
  testHashes(subject);
  testAeads(subject);
  testRecordNumberMasks(subject);
  testKeyAgreement(subject);
  testSignatures(subject);
}
