import { OptionNumber, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { expect } from 'vitest';
import type { Case } from './cases.ts';

/** A case beside the ETSI descriptions. */
export interface MoreCase extends Case {
  readonly over: 'UDP' | 'DTLS';
  /** The IP packet size that our end stays within. */
  readonly mtu?: number;
}

const PATTERN = new TextEncoder().encode('0123456789abcdef'.repeat(4096));
/** Odd, so critical, and in the range for experiments. */
const UNKNOWN_CRITICAL = 65_001;

const bothWays: Case['run'] = async ({ ask }) => {
  expect((await ask('large')).answer.payload).toEqual(PATTERN);
  const options = [uintOption(OptionNumber.ContentFormat, 42)];
  const put = await ask('large-update', { method: 'PUT', payload: PATTERN, options });
  expect(['2.01', '2.04']).toContain(put.answer.code);
  const { answer } = await ask('large-update');
  expect(answer.payload).toEqual(PATTERN);
  expect(uintValue(answer.options, OptionNumber.ContentFormat)).toBe(42);
};

export const MORE_CASES: readonly MoreCase[] = [
  {
    id: 'not-found',
    title: 'an unknown path is 4.04',
    over: 'UDP',
    async run({ ask }) {
      expect((await ask('nowhere')).answer.code).toBe('4.04');
    },
  },
  {
    id: 'critical',
    title: 'an unknown critical option is 4.02 (RFC 7252 section 5.4.1)',
    over: 'UDP',
    async run({ ask }) {
      const { answer } = await ask('test', { options: [uintOption(UNKNOWN_CRITICAL, 1)] });
      expect(answer.code).toBe('4.02');
    },
  },
  {
    id: 'small-packets',
    title: '64 KiB both ways in packets of 300 bytes',
    over: 'UDP',
    mtu: 300,
    async run(bench) {
      await bothWays(bench);
      const { sent } = await bench.ask('large');
      // Ours is the end with the narrow way: what it sends fits, and what it asks for does.
      for (const { message } of sent) expect(message.payload.length).toBeLessThanOrEqual(256);
    },
  },
  { id: 'DTLS', title: '64 KiB both ways over DTLS, with a certificate', over: 'DTLS', run: bothWays },
];
