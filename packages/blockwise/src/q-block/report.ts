import { type CoapOption, findOptions, OptionNumber } from '@lb-matrix/coap-codec';
import { blockOption, decodeBlock } from '../block.ts';

/** What the receiver of a body says of it. */
export interface Report {
  /** Blocks that it misses, in ascending order. */
  readonly missing: readonly number[];
  /** All blocks below this one that are not in `missing` are here, and more may follow from it on. */
  readonly proceed: number | undefined;
}

/** How many missing blocks one report names at most: with 4 bytes each it fits the smallest datagrams. */
export const MAX_MISSING = 40;

/**
 * The Q-Block2 options of a report (RFC 9177 section 4.4): one without M for each missing block, and the 'Continue' with M last. As
 * 'Continue' names the block after the furthest that is here, one after the last block says that the whole body is.
 */
export function reportOptions({ missing, proceed }: Report, szx: number): CoapOption[] {
  const options = missing.map((num) => blockOption(OptionNumber.QBlock2, { num, more: false, szx }));
  if (proceed !== undefined) options.push(blockOption(OptionNumber.QBlock2, { num: proceed, more: true, szx }));
  return options;
}

/** As much of a report as names at most `most` missing blocks. */
export function shortened({ missing, proceed }: Report, most: number): Report {
  if (missing.length <= most) return { missing, proceed };
  return { missing: missing.slice(0, most), proceed: proceed === undefined ? undefined : missing[most] };
}

/** A request for blocks of a body that is under way. */
export interface BlockRequest extends Report {
  readonly szx: number;
}

/**
 * What the Q-Block2 options of a request ask for: `'whole'` for the body from its start (or without any such option), `'invalid'` when
 * they are none or not in ascending order. `maxPayloads` tells a 'Continue' from the wish for the rest of a set.
 */
export function readBlockRequest(
  options: readonly CoapOption[],
  maxPayloads: number,
): BlockRequest | 'whole' | 'invalid' {
  const values = findOptions(options, OptionNumber.QBlock2);
  const missing: number[] = [];
  let proceed: number | undefined;
  let szx = 0;
  let previous = -1;
  for (const { value } of values) {
    const block = decodeBlock(value);
    // Section 4.4: in ascending order, no block twice.
    if (block === undefined || block.num <= previous) return 'invalid';
    previous = block.num;
    szx = block.szx;
    if (!block.more) missing.push(block.num);
    else if (block.num === 0) return 'whole';
    else if (block.num % maxPayloads === 0) proceed = block.num;
    else {
      const end = block.num - (block.num % maxPayloads) + maxPayloads;
      for (previous = block.num; previous < end; previous++) missing.push(previous);
      previous--;
    }
  }
  return values.length === 0 ? 'whole' : { missing, proceed, szx };
}
