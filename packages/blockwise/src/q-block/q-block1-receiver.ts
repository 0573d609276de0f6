import { type CoapOption, Code, findOption, OptionNumber, uintOption, uintValue } from '@lb-matrix/coap-codec';
import type { Block } from '../block.ts';
import type { BodyStore } from '../body-store.ts';
import type { MessagePart } from '../message-part.ts';
import { BlockCollector } from './block-collector.ts';
import type { Report } from './report.ts';
import { ScatteredBody } from './scattered-body.ts';
import type { QBlockTiming } from './timing.ts';

/** A request body of which some blocks are here, in any order (RFC 9177 section 4.3): the server's side. */
export class QBlock1Receiver {
  readonly kind = 'upload';
  /** Called when it had to go for others, or has outlived its use. */
  evicted: (() => void) | undefined;
  readonly #collector: BlockCollector;

  constructor(size: number, szx: number, timing: QBlockTiming, now: number) {
    this.#collector = new BlockCollector(size, szx, timing, now);
  }

  get body(): ScatteredBody {
    return this.#collector.body;
  }

  put(block: Block, payload: Uint8Array, now: number): ReturnType<BlockCollector['put']> {
    return this.#collector.put(block.num, block.more, payload, now);
  }

  /** When `report` has something to say, in ms. */
  nextReport(): number | undefined {
    return this.#collector.nextReport();
  }

  /** What is to be said to the client at `now` (see `uploadReport`); `'stale'`: nothing came for too long. */
  report(now: number): Report | 'stale' | undefined {
    return this.#collector.report(now);
  }
}

/** A body that is whole: blocks of a request that come again start no new one. */
export interface WholeUpload {
  readonly kind: 'whole';
}

/** What a Q-Block1 request led to. */
export type QBlock1Outcome =
  /** The last missing block: the whole request. */
  | {
      readonly kind: 'whole';
      readonly options: readonly CoapOption[];
      readonly payload: Uint8Array;
      /** Ends the charge for the body's memory. */
      readonly release: () => void;
    }
  /** One of several: ask `upload` when to report. `give`: lets go of it. */
  | { readonly kind: 'partial'; readonly upload: QBlock1Receiver; readonly give: () => void }
  /** A block of a body that was whole before. */
  | { readonly kind: 'repeated' }
  | { readonly kind: 'answer'; readonly response: MessagePart };

const NO_PAYLOAD: Uint8Array = new Uint8Array();
/** Nothing is to be known of it but that it is whole. */
export const WHOLE: WholeUpload = { kind: 'whole' };

/** Takes one block of a request body in Q-Blocks. */
export function receiveQBlock1<T>(
  store: BodyStore<T | QBlock1Receiver | WholeUpload>,
  maxBodyBytes: number,
  from: { readonly peer: object; readonly key: string },
  request: MessagePart,
  block: Block,
  timing: QBlockTiming,
  now: number,
): QBlock1Outcome {
  const { options, payload } = request;
  const size = uintValue(options, OptionNumber.Size1);
  // Section 4.3: both stand on every block.
  if (size === undefined || findOption(options, OptionNumber.RequestTag) === undefined) return answer(Code.BadRequest);
  if (size > maxBodyBytes) {
    return answer(Code.RequestEntityTooLarge, [uintOption(OptionNumber.Size1, maxBodyBytes)]);
  }
  if (!ScatteredBody.countable(size, block.szx)) return answer(Code.BadRequest);
  const before = store.peek(from.peer, from.key);
  const known = before?.value as QBlock1Receiver | WholeUpload | undefined;
  if (known?.kind === 'whole') {
    store.touch(before!, now);
    return { kind: 'repeated' };
  }
  const upload = known ?? new QBlock1Receiver(size, block.szx, timing, now);
  const { body } = upload;
  if (body.size !== size || body.szx !== block.szx) return answer(Code.BadRequest);
  const evicted = () => upload.evicted?.();
  const held = before ?? store.hold(from.peer, from.key, upload, body.memoryWith(block.num), now, evicted);
  // Without a size: there is no memory for it now (RFC 7959 section 2.9.3).
  if (held === undefined || !store.resize(held, body.memoryWith(block.num))) {
    if (held !== undefined) store.release(held);
    upload.evicted?.();
    return answer(Code.RequestEntityTooLarge);
  }
  const give = () => store.release(held);
  store.touch(held, now);
  if (upload.put(block, payload, now) === 'bad_block') {
    if (before === undefined) give();
    return answer(Code.BadRequest);
  }
  if (!body.complete) return { kind: 'partial', upload, give };
  store.pin(held);
  store.hold(from.peer, from.key, WHOLE, 0, now);
  return { kind: 'whole', options, payload: body.take(), release: give };
}

function answer(code: number, options: readonly CoapOption[] = []): QBlock1Outcome {
  return { kind: 'answer', response: { code, options, payload: NO_PAYLOAD } };
}
