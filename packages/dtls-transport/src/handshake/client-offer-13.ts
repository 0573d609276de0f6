import type { GroupName, SignatureScheme, SigningKey } from '../crypto/provider.ts';
import { DtlsPeerError, type PeerReason } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { ALERT } from '../wire/alert.ts';
import type { ClientHello } from '../wire/client-hello.ts';
import { EXTENSION } from '../wire/extensions.ts';
import { readClientShares, readNumbers } from '../wire/key-share.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';
import { type CertificateTypeName, readServerCertificateTypes } from './certificate-types.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { type IdOffer, readIdOffer } from './id-extensions.ts';
import { GROUP_NUMBERS, NULL_COMPRESSION } from './parameters.ts';
import { MIN_RECORD_SIZE_LIMIT } from './record-size-limit.ts';
import { commonScheme13 } from './signature-13.ts';

/** What a server can do for a client. */
export interface Capabilities13 {
  readonly groups: readonly GroupName[];
  readonly cipherSuites: readonly CipherSuite13[];
  /** Who we are by certificate, and by key alone. */
  readonly identity: Identity | undefined;
  readonly rawKey: SigningKey | undefined;
}

/** How the server shows itself. */
interface Proof {
  readonly certificateType: CertificateTypeName;
  /** What goes into its Certificate message. */
  readonly certificates: readonly Uint8Array[];
  readonly key: SigningKey;
  readonly scheme: SignatureScheme;
}

/** What a client and we have in common. */
export interface ClientOffer13 {
  readonly random: Uint8Array;
  readonly suite: CipherSuite13;
  readonly group: GroupName;
  /** The client's key of that group; without one it has to be asked for it. */
  readonly publicKey: Uint8Array | undefined;
  readonly proof: Proof;
  /** The client has asked by server_certificate_type. */
  readonly saysCertificateType: boolean;
  /** The most content that the client takes in a record, if it has said so (RFC 8449). */
  readonly recordSizeLimit: number | undefined;
  /** Its offer of connection ids, if there is one. */
  readonly ids: IdOffer | undefined;
}

/** Chooses what a ClientHello that offers DTLS 1.3 and we have in common. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readClientOffer13(hello: ClientHello, capabilities: Capabilities13): ClientOffer13 {
  const { extensions } = hello;
  // RFC 8446 4.1.2, RFC 9147 5.3
  const { compressionMethods } = hello;
  if (compressionMethods.length !== 1 || compressionMethods[0] !== NULL_COMPRESSION || hello.cookie.length > 0) {
    refuse('bad-hello', ALERT.illegal_parameter, 'the ClientHello has legacy values that DTLS 1.3 forbids');
  }
  const suite = capabilities.cipherSuites.find(({ number }) => hello.cipherSuites.includes(number));
  if (suite === undefined) {
    refuse('no-common-cipher-suite', ALERT.handshake_failure, 'the client offers no cipher suite of ours');
  }
  // RFC 8446 9.2
  const groupBytes = extensions.get(EXTENSION.supportedGroups);
  const shareBytes = extensions.get(EXTENSION.keyShare);
  const schemeBytes = extensions.get(EXTENSION.signatureAlgorithms);
  if (groupBytes === undefined || shareBytes === undefined || schemeBytes === undefined) {
    refuse('bad-hello', ALERT.missing_extension, 'the ClientHello lacks groups, key shares or signature algorithms');
  }
  const theirGroups = readNumbers(groupBytes, 'supported_groups');
  const common = capabilities.groups.filter((group) => theirGroups.includes(GROUP_NUMBERS[group]));
  const shares = readClientShares(shareBytes);
  const shareOf = (group: GroupName) => shares.find((share) => share.group === GROUP_NUMBERS[group])?.publicKey;
  // A group that there is a key for saves a round trip.
  const group = common.find((one) => shareOf(one) !== undefined) ?? common[0];
  if (group === undefined) refuse('no-common-group', ALERT.handshake_failure, 'the client knows no group of ours');
  return {
    random: hello.random,
    suite,
    group,
    publicKey: shareOf(group),
    proof: chooseProof(hello, readNumbers(schemeBytes, 'signature_algorithms'), capabilities),
    saysCertificateType: extensions.has(EXTENSION.serverCertificateType),
    recordSizeLimit: recordSizeLimit13(extensions.get(EXTENSION.recordSizeLimit)),
    ids: readIdOffer(extensions),
  };
}

/** RFC 7250 4.2: the first of the client's types that we have a key for which the client can check. */
function chooseProof(
  { extensions }: ClientHello,
  schemes: readonly number[],
  { identity, rawKey }: Capabilities13,
): Proof {
  let missing: PeerReason = 'unsupported-certificate-type';
  for (const certificateType of readServerCertificateTypes(extensions)) {
    const shown =
      certificateType === 'x509'
        ? identity && { certificates: identity.chain, key: identity.key }
        : rawKey && { certificates: [rawKey.spki], key: rawKey };
    if (shown === undefined) continue;
    const scheme = commonScheme13(shown.key.schemes, schemes);
    if (scheme !== undefined) return { certificateType, ...shown, scheme };
    missing = 'no-common-signature-scheme';
  }
  if (missing === 'no-common-signature-scheme') {
    refuse(missing, ALERT.handshake_failure, 'the client takes no signature of ours');
  }
  refuse(missing, ALERT.unsupported_certificate, 'the client takes no kind of key of ours');
}

/** RFC 8449 4: content, type and padding of a record together; here without the type. Throws `DtlsPeerError`. */
export function recordSizeLimit13(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  const limit = bytes.length === 2 ? (bytes[0]! << 8) | bytes[1]! : 0;
  if (limit < MIN_RECORD_SIZE_LIMIT) {
    refuse('bad-extension', ALERT.illegal_parameter, 'record_size_limit is less than 64');
  }
  return Math.min(limit - 1, MAX_PLAINTEXT);
}

function refuse(reason: PeerReason, alert: number, message: string): never {
  throw new DtlsPeerError(reason, alert, message);
}
