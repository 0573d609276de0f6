import { Code, ContentFormat, OptionNumber, uintOption, uintValue } from '@lb-matrix/coap-codec';
import { blockOption, findBlock } from '../block.ts';
import type { MessagePart } from '../message-part.ts';
import { decodeMissingBlocks, encodeMissingBlocks } from './missing-blocks.ts';
import type { Report } from './report.ts';

const NO_PAYLOAD: Uint8Array = new Uint8Array();

/**
 * What a response says of a request body that is on its way: 2.31 with Q-Block1 (all up to that block are here) or 4.08 with the numbers
 * of missing blocks (sections 4.3 and 5), to which Q-Block1 may add the furthest that is here. `undefined`: it is none of them, or not in
 * order and so to be dropped.
 */
export function readUploadReport({ code, options, payload }: MessagePart): Report | undefined {
  const block = findBlock(options, OptionNumber.QBlock1);
  if (block === 'invalid') return undefined;
  const proceed = block === undefined ? undefined : block.num + 1;
  if (code === Code.Continue) return proceed === undefined ? undefined : { missing: [], proceed };
  if (!isMissingBlocks({ code, options, payload })) return undefined;
  const missing = decodeMissingBlocks(payload);
  return missing === undefined ? undefined : { missing, proceed };
}

/** Whether a response is of the kind that reports missing blocks, in order or not: no failure of the request (section 5). */
export function isMissingBlocks({ code, options }: MessagePart): boolean {
  return (
    code === Code.RequestEntityIncomplete &&
    uintValue(options, OptionNumber.ContentFormat) === ContentFormat.MissingBlocks
  );
}

/** The response that says so: the opposite of `readUploadReport`. */
export function uploadReport({ missing, proceed }: Report, szx: number): MessagePart {
  const block =
    proceed === undefined || proceed === 0
      ? []
      : [blockOption(OptionNumber.QBlock1, { num: proceed - 1, more: true, szx })];
  if (missing.length === 0) return { code: Code.Continue, options: block, payload: NO_PAYLOAD };
  return {
    code: Code.RequestEntityIncomplete,
    options: [uintOption(OptionNumber.ContentFormat, ContentFormat.MissingBlocks), ...block],
    payload: encodeMissingBlocks(missing),
  };
}
