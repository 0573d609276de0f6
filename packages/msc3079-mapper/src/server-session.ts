import { type CoapOption, findOption, OptionNumber, uintValue } from '@lb-matrix/coap-codec';
import { readToken } from './access-token.ts';
import { MappingError } from './mapping-error.ts';
import { Feature, PrivateOption } from './option-number.ts';
import type { PathPrefix } from './path-table.ts';

export interface ServerSessionOptions {
  /** What a path enum expands to. Default `'v3'`; `'r0'` for homeservers older than Matrix 1.1. */
  readonly pathPrefix?: PathPrefix;
}

/**
 * What a server remembers of one cryptographic session: at most one token (65804 bytes) and two small numbers. Make one
 * per connection and drop it with the connection: R14 lets nothing of it outlive that.
 */
export interface ServerSession {
  readonly pathPrefix: PathPrefix;
  /** R12: the token last sent; `undefined` when none was, or it was cleared. Secret: never log it. */
  token: string | undefined;
  /** R26, R27: the version of the integer keys that the client understands; `undefined` means text keys only. */
  keyTable: 1 | undefined;
  /** The accepted bits of option 65002; `undefined` until the client announces itself. */
  features: number | undefined;
}

export function createServerSession(options: ServerSessionOptions = {}): ServerSession {
  return { pathPrefix: options.pathPrefix ?? 'v3', token: undefined, keyTable: undefined, features: undefined };
}

/** The feature bits that this version serves. */
const ACCEPTED: number = Feature.ExactCodes;

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
  if (features !== undefined) session.features = features & ACCEPTED;
}

/** Option 65002 with the accepted subset, for the answer to a request that carried it. */
export function acceptedFeatures(requestOptions: readonly CoapOption[], session: ServerSession): number | undefined {
  return findOption(requestOptions, PrivateOption.Features) === undefined ? undefined : session.features;
}

/** Whether the client asked for exact codes. */
export function wantsExactCodes(session: ServerSession): boolean {
  return ((session.features ?? 0) & Feature.ExactCodes) !== 0;
}
