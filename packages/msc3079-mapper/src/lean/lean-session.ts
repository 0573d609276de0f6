import { CborError } from '@lb-matrix/lb-cbor-keys';
import type { BodyForm } from '../body-form.ts';
import { type ClientSession, usableFeatures } from '../client-session.ts';
import { MappingError } from '../mapping-error.ts';
import { Feature, PrivateOption } from '../option-number.ts';
import { positionsIn, syncKind } from '../positions/sync-question.ts';
import { hasAgreed, type ServerSession } from '../server-session.ts';
import { readLean, type WholeBody } from './lean-reader.ts';
import { type LeanBody, writeLean } from './lean-writer.ts';
import { firstReference, type SyncReference } from './sync-reference.ts';

/** What lean bodies need to know of a request. */
export interface LeanQuestion {
  /** What an answer of /sync may refer to: with the request, nothing but where it goes on from. */
  readonly reference: SyncReference | undefined;
  /** Of an event that is sent: the key to tell its id by. */
  readonly echo: string | undefined;
}

interface Request {
  readonly method: string;
  readonly target: string;
  readonly body?: Uint8Array | undefined;
}

/** Takes note of a request that came, by the bits that it relies on: one that announces itself was sent without a thought of echoes. */
export function leanQuestionOf(request: Request, relied: number, session: ServerSession): LeanQuestion {
  const { method, target, body } = request;
  const reference = hasAgreed(session, Feature.Lean) ? referenceOf(request) : undefined;
  return { reference, echo: echoesBy(relied) ? session.echoes.send(method, target, body) : undefined };
}

/** The same of one that goes out. */
export function leanQuestionFor(request: Request, session: ClientSession): LeanQuestion {
  const { method, target, body } = request;
  const reference = (session.announced & Feature.Lean) === 0 ? undefined : referenceOf(request);
  return { reference, echo: echoesBy(usableFeatures(session)) ? session.echoes.send(method, target, body) : undefined };
}

/** What an answer becomes; `undefined`: it goes in full. */
export function leanAnswer(
  cbor: Uint8Array,
  form: BodyForm,
  { reference }: Pick<LeanQuestion, 'reference'>,
  session: ServerSession,
): LeanBody | undefined {
  if (reference === undefined || !hasAgreed(session, Feature.Lean)) return undefined;
  return writeLean(cbor, form, reference, session.echoes);
}

/**
 * The answer that a lean body means. Throws `MappingError`: `unknown_reference`, and `response` where nobody has asked for one, since
 * asking again would not help; a server that was told so, and has lost that, is told once more.
 */
export function wholeAnswer(
  lean: Uint8Array,
  form: BodyForm,
  known: readonly SyncReference[],
  session: ClientSession,
): WholeBody {
  if (known.length === 0) {
    if (session.features !== undefined) session.unsettled.add(PrivateOption.Features);
    throw new MappingError('response', 'The answer refers to another one, which was not asked for');
  }
  try {
    return readLean(lean, form, known, session.echoes);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error instanceof CborError)) throw error;
    throw new MappingError('unknown_reference', 'The answer refers to what is not known here');
  }
}

/** No lean bodies any more: the next request announces that. */
export function leaveLean(session: ClientSession): void {
  session.announced &= ~Feature.Lean;
  session.agreed &= ~Feature.Lean;
  session.unsettled.add(PrivateOption.Features);
}

/** An event is made anew with integer keys of which both ends know which they are. */
function echoesBy(agreed: number): boolean {
  return (agreed & ECHOES) === ECHOES;
}

const ECHOES = Feature.Lean | Feature.Tables2;

function referenceOf({ method, target }: Request): SyncReference | undefined {
  const kind = syncKind(method, target);
  if (kind === undefined) return undefined;
  const positions = positionsIn(target, kind);
  return positions.length > 1 ? undefined : firstReference(positions[0]);
}
