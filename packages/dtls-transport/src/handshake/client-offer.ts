import type { GroupName, SignatureScheme } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { ByteReader, readU16List } from '../wire/byte-reader.ts';
import { type ClientHello, readClientHello } from '../wire/client-hello.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { DTLS_1_2, MAX_PLAINTEXT } from '../wire/record.ts';
import { type CipherSuite, schemesFor, usesCertificate, usesEcdhe } from './cipher-suites.ts';
import { checkCommonExtensions } from './common-extensions.ts';
import type { HandshakeHost } from './handshake.ts';
import { type IdAgreement, idAnswer, idExtensions, readIdOffer } from './id-extensions.ts';
import {
  GROUP_NUMBERS,
  NULL_COMPRESSION,
  TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
  UNCOMPRESSED_POINT,
} from './parameters.ts';
import { peerRecordSizeLimit, writeRecordSizeLimit } from './record-size-limit.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';

/** What a server can do for a client; its suites are those that it has the keys for. */
export interface Capabilities extends Pick<HandshakeHost, 'groups' | 'cipherSuites' | 'recordSizeLimit'> {
  /** What its key signs, the best first. */
  readonly signatureSchemes: readonly SignatureScheme[];
  /** Its side of what is agreed on about connection ids. */
  readonly ids: IdAgreement;
}

/** What a client and we have in common. */
export interface ClientOffer {
  readonly random: Uint8Array;
  /** The first of our suites that can be done. */
  readonly suite: CipherSuite;
  /** With ECDHE, the first of our groups that the client knows. */
  readonly group: GroupName | undefined;
  /** With a certificate, the first of our schemes that the client takes. */
  readonly scheme: SignatureScheme | undefined;
  /** The most plaintext that the client takes in a record, if it has said so (RFC 8449). */
  readonly recordSizeLimit: number | undefined;
  /** The extensions of our answer, in the order in which they go out. */
  readonly answer: Extensions;
}

/** Reads a ClientHello and chooses. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readClientOffer(body: Uint8Array, capabilities: Capabilities): ClientOffer {
  const hello = readClientHello(body);
  // Versions count downwards: 1.2 and all that is newer are at or below 0xfefd.
  if (hello.version > DTLS_1_2) {
    throw new DtlsPeerError('unsupported-version', ALERT.protocol_version, 'the client knows only older versions');
  }
  checkCommonExtensions(hello.extensions);
  const recordSizeLimit = peerRecordSizeLimit(hello.extensions);
  const { suite, group, scheme } = choose(hello, capabilities);
  const answer = answerTo(hello, suite, capabilities);
  return { random: hello.random, suite, group, scheme, recordSizeLimit, answer };
}

/** What a client may lack, and how the error says it. */
const MISSING = {
  'no-common-cipher-suite': 'the client offers no cipher suite of ours',
  'no-common-group': 'the client knows no group of ours',
  'no-common-signature-scheme': 'the client takes no signature of ours',
} as const;

function choose(
  { cipherSuites, compressionMethods, extensions }: ClientHello,
  { cipherSuites: ours, groups, signatureSchemes }: Capabilities,
): Pick<ClientOffer, 'suite' | 'group' | 'scheme'> {
  const offeredGroups = listOf(extensions, EXTENSION.supportedGroups, 'supported_groups');
  const offeredSchemes = listOf(extensions, EXTENSION.signatureAlgorithms, 'signature_algorithms');
  const usable = compressionMethods.includes(NULL_COMPRESSION) ? ours : [];
  let missing: keyof typeof MISSING = 'no-common-cipher-suite';
  for (const suite of usable) {
    if (!cipherSuites.includes(suite.number)) continue;
    const group = usesEcdhe(suite) ? chooseGroup(offeredGroups, groups) : undefined;
    // RFC 5246 7.4.1.4.1: without the extension a client means SHA-1, which we do not sign.
    const scheme = schemesFor(suite, signatureSchemes).find((one) => offeredSchemes?.includes(SCHEME_NUMBERS[one]));
    if (usesEcdhe(suite) && group === undefined) {
      missing = 'no-common-group';
    } else if (usesCertificate(suite) && scheme === undefined) {
      missing = 'no-common-signature-scheme';
    } else {
      return { suite, group, scheme };
    }
  }
  throw new DtlsPeerError(missing, ALERT.handshake_failure, MISSING[missing]);
}

/** RFC 8422 4: a client that names no groups takes any; P-256 is what the old ones know. */
function chooseGroup(offered: readonly number[] | undefined, ours: readonly GroupName[]): GroupName | undefined {
  const known = offered ?? [GROUP_NUMBERS.secp256r1];
  return ours.find((group) => known.includes(GROUP_NUMBERS[group]));
}

/** RFC 5246 7.4.1.4: only what the client offered may be answered. */
function answerTo(
  { cipherSuites, extensions }: ClientHello,
  suite: CipherSuite,
  { recordSizeLimit, ids }: Capabilities,
): Extensions {
  const answer = new Map<number, Uint8Array>([[EXTENSION.extendedMasterSecret, new Uint8Array(0)]]);
  // RFC 5746 3.6: either form asks for the extension.
  if (extensions.has(EXTENSION.renegotiationInfo) || cipherSuites.includes(TLS_EMPTY_RENEGOTIATION_INFO_SCSV)) {
    answer.set(EXTENSION.renegotiationInfo, Uint8Array.of(0));
  }
  // RFC 8422 5.2: only where a point may come.
  if (extensions.has(EXTENSION.ecPointFormats) && usesEcdhe(suite)) {
    answer.set(EXTENSION.ecPointFormats, Uint8Array.of(1, UNCOMPRESSED_POINT));
  }
  // RFC 8449 4: our answer tells the client that we keep to its limit.
  if (extensions.has(EXTENSION.recordSizeLimit)) {
    answer.set(EXTENSION.recordSizeLimit, writeRecordSizeLimit(recordSizeLimit ?? MAX_PLAINTEXT));
  }
  for (const [type, bytes] of idExtensions(idAnswer(ids, readIdOffer(extensions)))) answer.set(type, bytes);
  return answer;
}

function listOf(extensions: Extensions, type: number, what: string): readonly number[] | undefined {
  const bytes = extensions.get(type);
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes, what);
  const list = readU16List(reader.vector16(2), what);
  reader.end();
  return list;
}
