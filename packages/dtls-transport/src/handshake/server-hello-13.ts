import type { GroupName } from '../crypto/provider.ts';
import { DtlsPeerError, type PeerReason } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { sameBytes } from '../wire/bytes.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { type KeyShareEntry, readOneNumber, readServerShare, writeServerShare } from '../wire/key-share.ts';
import { DTLS_1_2, DTLS_1_3 } from '../wire/record.ts';
import { type ServerHello, writeServerHello } from '../wire/server-hello.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { type IdOffer, idExtensions, readIdOffer } from './id-extensions.ts';
import { GROUP_NUMBERS, groupNumbered, NULL_COMPRESSION } from './parameters.ts';
import type { PskMode } from './psk-mode.ts';

/** RFC 8446 4.1.3: the random of a ServerHello that is a HelloRetryRequest, the SHA-256 of that name. */
export const RETRY_RANDOM: Uint8Array = Uint8Array.from([
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
  0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
]);

/** RFC 8446 4.1.3: ends the random of a server that speaks 1.3 and was asked for 1.2, or so it seems to it. */
const DOWNGRADE_TO_1_2 = Uint8Array.of(0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01);

/** A random for a ServerHello of DTLS 1.2 that says that 1.3 could be spoken. */
export function withDowngradeSentinel(random: Uint8Array): Uint8Array {
  const marked = random.slice();
  marked.set(DOWNGRADE_TO_1_2, marked.length - DOWNGRADE_TO_1_2.length);
  return marked;
}

/** The server speaks 1.3, so somebody has kept our offer of it from the server. */
export function hasDowngradeSentinel(random: Uint8Array): boolean {
  return sameBytes(random.subarray(-DOWNGRADE_TO_1_2.length), DOWNGRADE_TO_1_2);
}

/** The ServerHello is one of DTLS 1.3, or a HelloRetryRequest. */
export function isServerHello13({ extensions }: ServerHello): boolean {
  return extensions.has(EXTENSION.supportedVersions);
}

/** What a client asked for, as far as the answer depends on it. */
export interface Offered13 {
  readonly cipherSuites: readonly CipherSuite13[];
  readonly groups: readonly GroupName[];
  /** Connection ids were offered so; not, when it is missing. */
  readonly ids?: IdOffer | undefined;
  /** How a shared key may be used; none when none was offered. */
  readonly pskModes: readonly PskMode[];
}

/** What a ServerHello of DTLS 1.3 says. */
export type ServerAnswer13 =
  | {
      readonly type: 'hello';
      readonly suite: CipherSuite13;
      /** The server's half of ECDHE; `undefined` where the shared key does without. */
      readonly share: KeyShareEntry | undefined;
      /** What the server answers to our offer of connection ids, if it takes it. */
      readonly ids: IdOffer | undefined;
    }
  | {
      readonly type: 'retry';
      readonly suite: CipherSuite13;
      readonly group: GroupName | undefined;
      readonly cookie: Uint8Array | undefined;
    };

const IN_HELLO: readonly number[] = [EXTENSION.supportedVersions, EXTENSION.keyShare];
const IN_RETRY: readonly number[] = [...IN_HELLO, EXTENSION.cookie];

/** Reads a ServerHello that `isServerHello13`. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readServerAnswer13(hello: ServerHello, offered: Offered13): ServerAnswer13 {
  const { extensions } = hello;
  if (readOneNumber(extensions.get(EXTENSION.supportedVersions)!, 'supported_versions') !== DTLS_1_3) {
    refuse('unsupported-version', ALERT.illegal_parameter, 'the server chose a version that was not offered');
  }
  // RFC 8446 4.1.3; RFC 9147 5: no session id is echoed, because we send none.
  if (hello.version !== DTLS_1_2 || hello.sessionId.length > 0 || hello.compressionMethod !== NULL_COMPRESSION) {
    refuse('bad-hello', ALERT.illegal_parameter, 'the ServerHello has legacy values that DTLS 1.3 forbids');
  }
  const suite = offered.cipherSuites.find(({ number }) => number === hello.cipherSuite);
  if (suite === undefined) {
    refuse('no-common-cipher-suite', ALERT.illegal_parameter, 'the server chose a suite that was not offered');
  }
  return sameBytes(hello.random, RETRY_RANDOM)
    ? readRetry(suite, extensions, offered)
    : readHello(suite, extensions, offered);
}

function readHello(suite: CipherSuite13, extensions: Extensions, { ids, pskModes }: Offered13): ServerAnswer13 {
  const offersPsk = pskModes.length > 0;
  const inHello = [...IN_HELLO, ...(offersPsk ? [EXTENSION.preSharedKey] : [])];
  checkOffered(extensions, [...inHello, ...idExtensions(ids).map(([type]) => type)]);
  if (offersPsk) checkSelectedPsk(extensions.get(EXTENSION.preSharedKey));
  const share = extensions.get(EXTENSION.keyShare);
  // RFC 8446 4.2.9: the server takes one of the modes, which is seen by its share.
  if (share === undefined && !pskModes.includes('psk_ke')) {
    refuse('bad-key-share', ALERT.missing_extension, 'the ServerHello has no key share');
  }
  if (share !== undefined && offersPsk && !pskModes.includes('psk_dhe_ke')) {
    refuse('unoffered-extension', ALERT.illegal_parameter, 'the ServerHello has a key share that was not asked for');
  }
  return { type: 'hello', suite, share: share && readServerShare(share), ids: readIdOffer(extensions) };
}

/** RFC 8446 4.2.11: we offer one, so it has number 0; and nothing else is to show us who the server is. */
function checkSelectedPsk(bytes: Uint8Array | undefined): void {
  if (bytes === undefined) {
    refuse('unknown-psk-identity', ALERT.handshake_failure, 'the server does not take the shared key');
  }
  if (readOneNumber(bytes, 'pre_shared_key') !== 0) {
    refuse('bad-extension', ALERT.illegal_parameter, 'the server takes a shared key that was not offered');
  }
}

function readRetry(suite: CipherSuite13, extensions: Extensions, { groups, pskModes }: Offered13): ServerAnswer13 {
  checkOffered(extensions, IN_RETRY);
  const groupBytes = extensions.get(EXTENSION.keyShare);
  const offered = pskModes.length === 0 || pskModes.includes('psk_dhe_ke') ? groups : [];
  const group = groupBytes && groupNumbered(readOneNumber(groupBytes, 'key_share'), offered);
  if (groupBytes !== undefined && group === undefined) {
    refuse('no-common-group', ALERT.illegal_parameter, 'the server asks for a group that was not offered');
  }
  const cookieBytes = extensions.get(EXTENSION.cookie);
  const cookie = cookieBytes && readCookieExtension(cookieBytes).slice();
  // RFC 8446 4.1.4: it must change something.
  if (group === undefined && cookie === undefined) {
    refuse('bad-hello', ALERT.illegal_parameter, 'the HelloRetryRequest asks for nothing');
  }
  return { type: 'retry', suite, group, cookie };
}

function checkOffered(extensions: Extensions, allowed: readonly number[]): void {
  for (const type of extensions.keys()) {
    if (allowed.includes(type)) continue;
    refuse('unoffered-extension', ALERT.unsupported_extension, `extension ${type} has no place in a ServerHello`);
  }
}

/** The cookie inside its extension (RFC 8446 4.2.2). Throws `DtlsMalformedError`. */
export function readCookieExtension(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, 'cookie');
  const cookie = reader.vector16(1);
  reader.end();
  return cookie;
}

export function writeCookieExtension(cookie: Uint8Array): Uint8Array {
  return new ByteWriter().vector16(cookie).bytes();
}

/** What a ServerHello agrees to, beside the suite. */
export interface HelloAnswer {
  /** Our half of ECDHE. */
  readonly share?: KeyShareEntry | undefined;
  /** The place of the shared key among those that the client has offered. */
  readonly selectedPsk?: number | undefined;
  readonly ids?: IdOffer | undefined;
}

/** The body of a ServerHello. */
export function writeServerHello13(
  random: Uint8Array,
  suite: CipherSuite13,
  { share, selectedPsk, ids }: HelloAnswer,
): Uint8Array {
  const extensions: [number, Uint8Array][] = [];
  if (share !== undefined) extensions.push([EXTENSION.keyShare, writeServerShare(share)]);
  if (selectedPsk !== undefined) {
    extensions.push([EXTENSION.preSharedKey, new ByteWriter().u16(selectedPsk).bytes()]);
  }
  return write(random, suite.number, [...extensions, ...idExtensions(ids)]);
}

/** The body of a HelloRetryRequest: the same for the same arguments, so that nobody has to keep it. */
export function writeHelloRetryRequest(
  suite: CipherSuite13,
  group: GroupName | undefined,
  cookie: Uint8Array,
): Uint8Array {
  const groupExtension: readonly [number, Uint8Array][] =
    group === undefined ? [] : [[EXTENSION.keyShare, new ByteWriter().u16(GROUP_NUMBERS[group]).bytes()]];
  return write(RETRY_RANDOM, suite.number, [...groupExtension, [EXTENSION.cookie, writeCookieExtension(cookie)]]);
}

function write(random: Uint8Array, cipherSuite: number, extensions: readonly [number, Uint8Array][]): Uint8Array {
  return writeServerHello({
    version: DTLS_1_2, // RFC 9147 5.4
    random,
    sessionId: new Uint8Array(0),
    cipherSuite,
    compressionMethod: NULL_COMPRESSION,
    extensions: new Map([[EXTENSION.supportedVersions, new ByteWriter().u16(DTLS_1_3).bytes()], ...extensions]),
  });
}

function refuse(reason: PeerReason, alert: number, message: string): never {
  throw new DtlsPeerError(reason, alert, message);
}
