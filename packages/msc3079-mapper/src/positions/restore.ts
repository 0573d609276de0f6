import { type CoapOption, findOption, OptionNumber } from '@lb-matrix/coap-codec';
import { MappingError } from '../mapping-error.ts';
import { Feature, PrivateOption } from '../option-number.ts';
import { isEnum } from '../path-table.ts';
import { hasAgreed, offersForms, type ServerSession } from '../server-session.ts';
import type { Asked } from './server-positions.ts';
import { positionsIn, syncKind, withoutPosition, withPosition } from './sync-question.ts';
import { tagIn } from './tag.ts';

/** A request as it came. */
interface Named {
  readonly method: string;
  readonly target: string;
  readonly body: Uint8Array | undefined;
}

/** What a request asks for in full. */
export interface Restored {
  readonly target: string;
  readonly body: Uint8Array | undefined;
  /** `undefined`: its answer gets no ETag. */
  readonly asked: Asked | undefined;
}

/**
 * Puts the position, and a query or a body that were left out with it, into a request for news that has an ETag in their place: without
 * a query it is the one before, /sync for /sync and sliding sync for sliding sync. What is observed
 * (RFC 7641) names its position itself. Throws `MappingError` (`unknown_position`, `not_agreed`).
 */
export function restore(
  { method, target, body }: Named,
  options: readonly CoapOption[],
  relied: number,
  session: ServerSession,
): Restored {
  const kind = syncKind(method, target);
  if (kind === undefined) return { target, body, asked: undefined };
  const tag = positionsIn(target, kind).length === 0 ? tagIn(options) : undefined;
  if ((relied & Feature.Tables2) === 0 && tag !== undefined && offersForms(session) && hasEnum(options)) {
    // A client that believes to have agreed on it: without its position this would be a /sync from the beginning.
    throw new MappingError('not_agreed', 'ETags for positions were not agreed on');
  }
  if (findOption(options, OptionNumber.Observe) !== undefined || !hasAgreed(session, Feature.Tables2)) {
    return { target, body, asked: undefined };
  }
  if (tag === undefined) return { target, body, asked: { kind, target: withoutPosition(target, kind), body, tag } };
  const place = session.positions.find(tag, kind);
  const asks = options.some(({ number }) => number === OptionNumber.UriQuery || number === PrivateOption.LongQuery);
  const question = asks ? target : place.target;
  const whole = body ?? (place.body === undefined ? undefined : new TextEncoder().encode(place.body));
  if (kind === 'sliding' && whole === undefined) throw new MappingError('unknown_position', 'No such body is known');
  return {
    target: withPosition(question, kind, place.position),
    body: whole,
    asked: { kind, target: question, body: whole, tag },
  };
}

function hasEnum(options: readonly CoapOption[]): boolean {
  const segment = findOption(options, OptionNumber.UriPath)?.value;
  return segment !== undefined && isEnum([new TextDecoder().decode(segment)]);
}
