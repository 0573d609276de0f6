import type { GroupName } from '../crypto/provider.ts';
import { DtlsPeerError } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import { ByteReader, readU16List } from '../wire/byte-reader.ts';
import { type ClientHello, readClientHello } from '../wire/client-hello.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { DTLS_1_2 } from '../wire/record.ts';
import {
  ECDSA_SECP256R1_SHA256,
  GROUP_NUMBERS,
  NULL_COMPRESSION,
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
  UNCOMPRESSED_POINT,
} from './parameters.ts';
import { checkCommonExtensions } from './server-flight.ts';

/** What we take of a ClientHello that we can go on from. */
export interface ClientOffer {
  readonly random: Uint8Array;
  /** The first of our groups that the client knows. */
  readonly group: GroupName;
  /** The extensions of our answer, in the order in which they go out. */
  readonly answer: Extensions;
}

/** Reads a ClientHello and chooses. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readClientOffer(body: Uint8Array, groups: readonly GroupName[]): ClientOffer {
  const hello = readClientHello(body);
  // Versions count downwards: 1.2 and all that is newer are at or below 0xfefd.
  if (hello.version > DTLS_1_2) {
    throw new DtlsPeerError('unsupported-version', ALERT.protocol_version, 'the client knows only older versions');
  }
  const { cipherSuites, compressionMethods, extensions } = hello;
  if (
    !cipherSuites.includes(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) ||
    !compressionMethods.includes(NULL_COMPRESSION)
  ) {
    throw new DtlsPeerError(
      'no-common-cipher-suite',
      ALERT.handshake_failure,
      'the client offers no cipher suite of ours',
    );
  }
  checkCommonExtensions(extensions);
  checkSignatureAlgorithms(extensions);
  return { random: hello.random, group: chooseGroup(extensions, groups), answer: answerTo(hello) };
}

function chooseGroup(extensions: Extensions, groups: readonly GroupName[]): GroupName {
  const bytes = extensions.get(EXTENSION.supportedGroups);
  // RFC 8422 4: a client that names no groups takes any; P-256 is what the old ones know.
  const offered = bytes === undefined ? [GROUP_NUMBERS.secp256r1] : listOf(bytes, 'supported_groups');
  const group = groups.find((ours) => offered.includes(GROUP_NUMBERS[ours]));
  if (group !== undefined) return group;
  throw new DtlsPeerError('no-common-group', ALERT.handshake_failure, 'the client knows no group of ours');
}

/** RFC 5246 7.4.1.4.1: without the extension a client means SHA-1. */
function checkSignatureAlgorithms(extensions: Extensions): void {
  const bytes = extensions.get(EXTENSION.signatureAlgorithms);
  if (bytes !== undefined && listOf(bytes, 'signature_algorithms').includes(ECDSA_SECP256R1_SHA256)) return;
  throw new DtlsPeerError(
    'no-common-signature-scheme',
    ALERT.handshake_failure,
    'the client takes no signature of ours',
  );
}

/** RFC 5246 7.4.1.4: only what the client offered may be answered. */
function answerTo({ cipherSuites, extensions }: ClientHello): Extensions {
  const answer = new Map<number, Uint8Array>([[EXTENSION.extendedMasterSecret, new Uint8Array(0)]]);
  // RFC 5746 3.6: either form asks for the extension.
  if (extensions.has(EXTENSION.renegotiationInfo) || cipherSuites.includes(TLS_EMPTY_RENEGOTIATION_INFO_SCSV)) {
    answer.set(EXTENSION.renegotiationInfo, Uint8Array.of(0));
  }
  if (extensions.has(EXTENSION.ecPointFormats))
    answer.set(EXTENSION.ecPointFormats, Uint8Array.of(1, UNCOMPRESSED_POINT));
  return answer;
}

function listOf(bytes: Uint8Array, what: string): number[] {
  const reader = new ByteReader(bytes, what);
  const list = readU16List(reader.vector16(2), what);
  reader.end();
  return list;
}
