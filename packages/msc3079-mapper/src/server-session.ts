import { type CoapOption, findOption, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { readToken } from './access-token.ts';
import { type BodyForm, writtenForm } from './body-form.ts';
import type { Compression } from './compression.ts';
import { Echoes, SERVER_ECHOES } from './lean/echoes.ts';
import { MappingError } from './mapping-error.ts';
import { Feature, PrivateOption } from './option-number.ts';
import type { PathPrefix, PathTableVersion } from './path-table.ts';
import { ServerPositions } from './positions/server-positions.ts';

export interface ServerSessionOptions {
  /** What a path enum expands to. Default `'v3'`; `'r0'` for homeservers older than Matrix 1.1. */
  readonly pathPrefix?: PathPrefix;
  /**
   * The newest version of the tables, of keys and of paths, that a client which asks for it may use; with 2 also base64 as
   * bytes. Default 1.
   */
  readonly tables?: PathTableVersion | undefined;
  /** Compress for clients that ask for it, and read what they compress. Default: nothing is compressed. */
  readonly compression?: Compression | undefined;
  /** Leave out of answers of /sync what is known, for clients that ask for it. Default false. */
  readonly lean?: boolean | undefined;
  /** Our endpoint can do what `Feature.Transmission` means, for clients that announce it. Default false. */
  readonly transmission?: boolean | undefined;
}

/**
 * What a server remembers of one cryptographic session: at most one token (65804 bytes), two small numbers and four
 * places (under 4 KiB each). Make one per connection and drop it with the connection: R14 lets nothing of it outlive that.
 */
export interface ServerSession {
  readonly pathPrefix: PathPrefix;
  /** The bits of option 65002 that are accepted. */
  readonly offered: number;
  readonly compression: Compression | undefined;
  /** R12: the token last sent; `undefined` when none was, or it was cleared. Secret: never log it. */
  token: string | undefined;
  /** R26, R27: the version of the integer keys that the client understands; `undefined` means text keys only. */
  keyTable: 1 | undefined;
  /** The accepted bits of option 65002; `undefined` until the client announces itself. */
  features: number | undefined;
  /** Where answers to requests for news have led. */
  readonly positions: ServerPositions;
  /** What was sent, where lean bodies were agreed on: at most 32 events, 16 KiB. */
  readonly echoes: Echoes;
}

export function createServerSession(options: ServerSessionOptions = {}): ServerSession {
  const { pathPrefix = 'v3', compression } = options;
  const offered = offeredBits(options);
  const positions = new ServerPositions();
  const fixed = { pathPrefix, offered, compression, positions, echoes: new Echoes(SERVER_ECHOES) };
  return { ...fixed, token: undefined, keyTable: undefined, features: undefined };
}

/** The bits of option 65002 for what is offered, or asked for. */
export function offeredBits({
  tables,
  compression,
  lean,
  transmission,
}: Pick<ServerSessionOptions, 'tables' | 'compression' | 'lean' | 'transmission'>): number {
  let bits: number = Feature.ExactCodes;
  if (tables === 2) bits |= Feature.Tables2 | Feature.Base64;
  if (compression !== undefined) bits |= Feature.Deflate;
  if (lean) bits |= Feature.Lean;
  if (transmission) bits |= Feature.Transmission;
  return bits;
}

/**
 * Takes the sticky options of a request into the session: 256 (R11, R12), 257 (R26) and 65002. All or nothing: a request
 * that throws leaves the session as it was. Throws `MappingError` (`token`, `key_table`).
 */
export function rememberOptions(options: readonly CoapOption[], session: ServerSession): void {
  const token = readToken(options);
  const keyTable = uintValue(options, OptionNumber.CborKeys);
  // The option is critical, so a version that is not known cannot be passed over (RFC 7252 5.4.1).
  if (keyTable !== undefined && keyTable !== 1) throw new MappingError('key_table', 'Only key table 1 is known');
  const features = uintValue(options, PrivateOption.Features);

  if (token !== undefined) session.token = token === '' ? undefined : token;
  if (keyTable !== undefined) session.keyTable = keyTable;
  if (features !== undefined) session.features = features & session.offered;
}

/** Option 65002 with the accepted subset, for the answer to a request that carried it. */
export function acceptedFeatures(requestOptions: readonly CoapOption[], session: ServerSession): number | undefined {
  return findOption(requestOptions, PrivateOption.Features) === undefined ? undefined : session.features;
}

/** Whether the client asked for exact codes. */
export function wantsExactCodes(session: ServerSession): boolean {
  return hasAgreed(session, Feature.ExactCodes);
}

/** Whether the client has announced this `Feature`, and it was accepted. */
export function hasAgreed({ features = 0 }: ServerSession, feature: number): boolean {
  return (features & feature) !== 0;
}

/** The bits that change how a message is written. */
export const FORMS: number = Feature.Tables2 | Feature.Base64 | Feature.Deflate;

/** Whether there is more than plain MSC3079 to agree on: a client may then believe to have done so. */
export function offersForms({ offered }: ServerSession): boolean {
  return (offered & FORMS) !== 0;
}

/** How bodies are written for the client. */
export function answeredForm(session: ServerSession): BodyForm {
  return writtenForm(session.features ?? 0, session);
}

/**
 * The bits that the form of a request relies on: none for one that announces itself, whose client cannot know yet what is
 * accepted, unless it says that it has begun all the same.
 */
export function reliedOn(requestOptions: readonly CoapOption[], { features = 0 }: ServerSession): number {
  const announced = uintValue(requestOptions, PrivateOption.Features);
  if (announced === undefined) return features;
  return (announced & Feature.Begun) === 0 ? 0 : features & FORMS;
}
