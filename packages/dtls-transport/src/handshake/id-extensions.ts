import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { readConnectionId, writeConnectionId } from '../wire/connection-id.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';

/** What one side says about connection ids. */
export interface IdOffer {
  /** The id that it wants to be sent; empty for none. */
  readonly id: Uint8Array;
  /** It takes part in return routability checks (RFC 9853 3). */
  readonly checksPaths: boolean;
}

/** Ours, and what became of it. */
export interface IdAgreement {
  /** What we offer or answer; `undefined` when we do without. */
  readonly offer: IdOffer | undefined;
  /** What both sides know now; `undefined` when one of them does without. The last call counts. */
  agree(peer: IdOffer | undefined): void;
}

/** The extensions that say it, in a ClientHello or a ServerHello. */
export function idExtensions(offer: IdOffer | undefined): readonly [number, Uint8Array][] {
  if (offer === undefined) return [];
  const entries: [number, Uint8Array][] = [[EXTENSION.connectionId, writeConnectionId(offer.id)]];
  if (offer.checksPaths) entries.push([EXTENSION.rrc, new Uint8Array(0)]);
  return entries;
}

/** What the peer's hello says; `undefined` when it does without ids. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readIdOffer(extensions: Extensions): IdOffer | undefined {
  const bytes = extensions.get(EXTENSION.connectionId);
  const rrc = extensions.get(EXTENSION.rrc);
  // RFC 9853 3: it is empty, and without ids there is nothing to check.
  if (rrc !== undefined && (rrc.length > 0 || bytes === undefined)) {
    throw new DtlsPeerError(
      'bad-extension',
      ALERT.illegal_parameter,
      'rrc is not empty, or stands without connection_id',
    );
  }
  return bytes && { id: readConnectionId(bytes), checksPaths: rrc !== undefined };
}

/** Agrees with a client on what it offers; our answer, `undefined` when one of us does without. */
export function idAnswer(ours: IdAgreement, client: IdOffer | undefined): IdOffer | undefined {
  const offer = client && ours.offer; // an id is made only for a client that wants one
  ours.agree(offer && client);
  return offer && { id: offer.id, checksPaths: offer.checksPaths && client!.checksPaths };
}
