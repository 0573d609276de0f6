import { type CoapOption, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { tokenOption } from './access-token.ts';
import { type BodyForm, readForm, writtenForm } from './body-form.ts';
import { sameBytes } from './bytes.ts';
import type { Compression } from './compression.ts';
import { CLIENT_ECHOES, Echoes } from './lean/echoes.ts';
import { MappingError } from './mapping-error.ts';
import { Feature, PrivateOption } from './option-number.ts';
import type { PathTableVersion } from './path-table.ts';
import { ClientPositions } from './positions/client-positions.ts';
import { FORMS, offeredBits } from './server-session.ts';

export interface ClientSessionOptions {
  /** Announce with option 65002 that exact codes are understood. Default true: servers that do not know it ignore it. */
  readonly announce?: boolean;
  /** Integer keys in the CBOR we send: table version 1, or 0 for text keys. Default 1: every known server reads it. */
  readonly keyTable?: 0 | 1;
  /**
   * The version of the tables, of keys and of paths, to ask for; with 2 also base64 as bytes. It is used once the server has
   * accepted it. Only announced, and only when bodies are transcoded. Default 1.
   */
  readonly tables?: PathTableVersion | undefined;
  /** Ask for compression, and compress once the server has accepted that; likewise. Default: nothing is compressed. */
  readonly compression?: Compression | undefined;
  /** Ask for answers of /sync that leave out what is known; likewise. Default false. */
  readonly lean?: boolean | undefined;
  /** Announce that our endpoint can do what `Feature.Transmission` means. Default false. */
  readonly transmission?: boolean | undefined;
  /**
   * Bits of `Feature` that the server is known to understand, by `featuresOffered` of its /versions. Where all tables, base64
   * and compression that are asked for are among them, the first request is written so already. Default 0.
   */
  readonly known?: number | undefined;
  /**
   * The server's /versions names `cbor_enum_version`: ask for integer keys in its answers with option 257. Default
   * false: the option is critical, a server that does not know it answers 4.02.
   */
  readonly askKeyTable?: boolean;
  /** Use path enums. Default true. */
  readonly pathEnums?: boolean;
  /**
   * Send JSON bodies as CBOR and hand CBOR answers out as JSON. Default true. With false bodies pass as they are: in the
   * format their Content-Type names on the way out, and as `application/cbor` or whatever the answer's format is on the
   * way in; an Accept header of JSON or CBOR is then sent too.
   */
  readonly transcode?: boolean;
}

/** What a client remembers of one cryptographic session. Make one per connection. */
export interface ClientSession {
  readonly keyTable: 0 | 1;
  readonly pathEnums: boolean;
  readonly transcode: boolean;
  /** The bits of option 65002 that are announced. */
  announced: number;
  readonly compression: Compression | undefined;
  /** The forms that are used before the server has accepted them. */
  begun: number;
  /** The bits that the server has accepted on this very connection, so that it may be written to accordingly. */
  agreed: number;
  /**
   * The one token of this connection: `undefined` before there is one; `''` after a logout or M_UNKNOWN_TOKEN, when the
   * server is told so with a zero-length option. Secret: never log it.
   */
  token: string | undefined;
  /** Sticky options to repeat, because no response to a request that carried them has arrived yet. */
  readonly unsettled: Set<number>;
  /** The feature bits that the server accepted; `undefined` until it answered an announcement. */
  features: number | undefined;
  /** Where answers to requests for news have led. */
  readonly positions: ClientPositions;
  /** What was sent, where lean bodies were agreed on: at most 128 events, 64 KiB. */
  readonly echoes: Echoes;
}

export function createClientSession(options: ClientSessionOptions = {}): ClientSession {
  const { announce = true, keyTable = 1, askKeyTable = false, pathEnums = true, transcode = true } = options;
  const { tables = 1, compression, lean = false, transmission = false, known = 0 } = options;
  const forms = transcode ? { tables, compression, lean } : {};
  const announced = offeredBits({ ...forms, transmission });
  const asked = announced & FORMS;
  const begun = announce && (asked & known) === asked ? asked : 0;
  const unsettled = new Set<number>();
  if (announce) unsettled.add(PrivateOption.Features);
  // R26: tables 2 hold those of version 1.
  if (askKeyTable && (begun & Feature.Tables2) === 0) unsettled.add(OptionNumber.CborKeys);
  const kept = { positions: new ClientPositions(), echoes: new Echoes(CLIENT_ECHOES) };
  const fixed = { keyTable, pathEnums, transcode, announced, compression, ...kept };
  return { ...fixed, begun, agreed: 0, token: undefined, unsettled, features: undefined };
}

/**
 * The bits that the form of the next request may rely on: while it announces itself, which the server reads plainly otherwise,
 * those that it says to have begun with.
 */
export function usableFeatures({ agreed, begun, unsettled }: ClientSession): number {
  return unsettled.has(PrivateOption.Features) ? begun : agreed;
}

/** How bodies are written for the server. */
export function requestForm(session: ClientSession): BodyForm {
  return writtenForm(usableFeatures(session), session);
}

/**
 * How the server writes the body of an answer, by the bits that its request relied on: what the session believes may have changed since
 * that left.
 */
export function answerForm(relied: number, { agreed, compression }: ClientSession): BodyForm {
  return readForm(relied | agreed, compression);
}

/**
 * The sticky options that the next request has to carry, and the session bound to its token. One connection carries one
 * token, and a request without one uses a connection that carries none: since datagrams overtake each other, the server
 * could not tell which request belongs to whom. Throws `MappingError` (`token_bound`).
 */
export function stickyOptions(token: string | undefined, session: ClientSession): CoapOption[] {
  bindToken(token, session);
  const { unsettled } = session;
  const options: CoapOption[] = [];
  if (unsettled.has(OptionNumber.Authorization)) options.push(tokenOption(session.token ?? ''));
  if (unsettled.has(OptionNumber.CborKeys)) options.push(uintOption(OptionNumber.CborKeys, 1));
  if (unsettled.has(PrivateOption.Features)) options.push(announcement(session));
  return options;
}

function announcement({ announced, begun }: ClientSession): CoapOption {
  return uintOption(PrivateOption.Features, begun === 0 ? announced : announced | Feature.Begun);
}

function bindToken(token: string | undefined, session: ClientSession): void {
  const bound = session.token ?? '';
  if ((token ?? '') === bound) return;
  if (bound !== '') {
    throw new MappingError('token_bound', 'This connection carries another access token: use a new one');
  }
  session.token = token;
  session.unsettled.add(OptionNumber.Authorization);
}

/** Marks what a request carried as known to the server, now that it has answered, unless it has become something else since. */
export function settleOptions(requestOptions: readonly CoapOption[], session: ClientSession): void {
  const token = session.token === undefined ? [] : [tokenOption(session.token)];
  const current = [...token, announcement(session)];
  for (const { number, value } of requestOptions) {
    const now = current.find((option) => option.number === number)?.value;
    if (now === undefined || sameBytes(value, now)) session.unsettled.delete(number);
  }
}

/**
 * A request that is observed, as later notifications answer it: what is sticky was answered with the first.
 */
export function withoutSticky<T extends { readonly options: readonly CoapOption[] }>(request: T): T {
  return { ...request, options: request.options.filter(({ number }) => !STICKY.has(number)) };
}

const STICKY: ReadonlySet<number> = new Set([
  OptionNumber.Authorization,
  OptionNumber.CborKeys,
  PrivateOption.Features,
]);

/** The token is dead: the next request says so, or carries a new one. */
export function dropToken(session: ClientSession): void {
  session.token = '';
  session.unsettled.add(OptionNumber.Authorization);
}
