import type { GroupName } from '../crypto/provider.ts';
import { DtlsPeerError, type PeerReason } from '../errors.ts';
import { ALERT } from '../wire/alert.ts';
import type { ClientHello } from '../wire/client-hello.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { readClientShares, readNumbers } from '../wire/key-share.ts';
import { MAX_PLAINTEXT } from '../wire/record.ts';
import { type CertificatePacker, takesPacked } from './certificate-packer.ts';
import { type CertificateTypeName, readCertificateTypes } from './certificate-types.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { type IdOffer, readIdOffer } from './id-extensions.ts';
import { chooseProof, type OwnKeys, type OwnProof } from './own-proof-13.ts';
import { GROUP_NUMBERS, NULL_COMPRESSION } from './parameters.ts';
import { PSK_HASH } from './psk-binder.ts';
import type { PskMode } from './psk-mode.ts';
import { type PskOffer, readPskOffer } from './psk-offer.ts';
import { MIN_RECORD_SIZE_LIMIT } from './record-size-limit.ts';

/** What a server can do for a client: who it is, and how. */
export interface Capabilities13 extends OwnKeys {
  readonly groups: readonly GroupName[];
  readonly cipherSuites: readonly CipherSuite13[];
  /** How keys that we share with clients may be used, the best first; none when we share none. */
  readonly pskModes: readonly PskMode[];
  /** Packs certificates, if they may be packed. */
  readonly packer: CertificatePacker | undefined;
}

/** What a client and we have in common. */
export interface ClientOffer13 {
  readonly random: Uint8Array;
  readonly suite: CipherSuite13;
  /** The keys that the client says we share, which are to be looked up; `undefined` when it names none that could be used. */
  readonly psk: PskOffer | undefined;
  /** For key agreement; `undefined` where it has to be without, with `psk`. */
  readonly exchange: ExchangeOffer | undefined;
  /** How we show ourselves without a shared key; `undefined` when the client takes nothing else, with `psk`. */
  readonly proof: OwnProof | undefined;
  /** The client has asked by server_certificate_type. */
  readonly saysCertificateType: boolean;
  /** How the client can show its own key, the best first; `undefined` when it has not said. */
  readonly clientTypes: readonly CertificateTypeName[] | undefined;
  /** The most content that the client takes in a record, if it has said so (RFC 8449). */
  readonly recordSizeLimit: number | undefined;
  /** Its offer of connection ids, if there is one. */
  readonly ids: IdOffer | undefined;
}

/** A group of both, and the client's half. */
interface ExchangeOffer {
  readonly group: GroupName;
  /** The client's key of that group; without one it has to be asked for it. */
  readonly publicKey: Uint8Array | undefined;
}

/** The client has to be asked for a key of the group before we can answer. */
export function lacksShare({ psk, exchange }: ClientOffer13): boolean {
  return psk?.mode !== 'psk_ke' && exchange?.publicKey === undefined;
}

/** Chooses what a ClientHello that offers DTLS 1.3 and we have in common. Throws `DtlsMalformedError` or `DtlsPeerError`. */
export function readClientOffer13(hello: ClientHello, capabilities: Capabilities13): ClientOffer13 {
  const { extensions } = hello;
  // RFC 8446 4.1.2, RFC 9147 5.3
  const { compressionMethods } = hello;
  if (compressionMethods.length !== 1 || compressionMethods[0] !== NULL_COMPRESSION || hello.cookie.length > 0) {
    refuse('bad-hello', ALERT.illegal_parameter, 'the ClientHello has legacy values that DTLS 1.3 forbids');
  }
  const suites = capabilities.cipherSuites.filter(({ number }) => hello.cipherSuites.includes(number));
  if (suites[0] === undefined) {
    refuse('no-common-cipher-suite', ALERT.handshake_failure, 'the client offers no cipher suite of ours');
  }
  checkMandatory(extensions);
  const exchange = readExchange(extensions, capabilities.groups);
  const suiteForPsk = suites.find(({ hash }) => hash === PSK_HASH);
  const modes = capabilities.pskModes.filter((mode) => mode === 'psk_ke' || exchange !== undefined);
  const offered = readPskOffer(extensions, modes);
  const psk = suiteForPsk && offered;
  if (psk === undefined && exchange === undefined) {
    refuse('no-common-group', ALERT.handshake_failure, 'the client knows no group of ours');
  }
  const proof = exchange && readProof(extensions, capabilities, psk !== undefined);
  return {
    random: hello.random,
    suite: psk === undefined ? suites[0] : suiteForPsk!,
    psk,
    exchange,
    proof,
    saysCertificateType: extensions.has(EXTENSION.serverCertificateType),
    clientTypes: extensions.has(EXTENSION.clientCertificateType)
      ? readCertificateTypes(extensions, 'clientCertificateType')
      : undefined,
    recordSizeLimit: recordSizeLimit13(extensions.get(EXTENSION.recordSizeLimit)),
    ids: readIdOffer(extensions),
  };
}

/** RFC 8446 9.2 */
function checkMandatory(extensions: Extensions): void {
  const hasGroups = extensions.has(EXTENSION.supportedGroups);
  const hasOthers = hasGroups && extensions.has(EXTENSION.signatureAlgorithms);
  if (hasGroups === extensions.has(EXTENSION.keyShare) && (hasOthers || extensions.has(EXTENSION.preSharedKey))) return;
  refuse('bad-hello', ALERT.missing_extension, 'the ClientHello lacks groups, key shares or signature algorithms');
}

function readExchange(extensions: Extensions, ours: readonly GroupName[]): ExchangeOffer | undefined {
  const groupBytes = extensions.get(EXTENSION.supportedGroups);
  const shareBytes = extensions.get(EXTENSION.keyShare);
  if (groupBytes === undefined || shareBytes === undefined) return undefined;
  const theirGroups = readNumbers(groupBytes, 'supported_groups');
  const common = ours.filter((group) => theirGroups.includes(GROUP_NUMBERS[group]));
  const shares = readClientShares(shareBytes);
  const shareOf = (group: GroupName) => shares.find((share) => share.group === GROUP_NUMBERS[group])?.publicKey;
  // A group that there is a key for saves a round trip.
  const group = common.find((one) => shareOf(one) !== undefined) ?? common[0];
  return group && { group, publicKey: shareOf(group) };
}

/** How we show ourselves by a certificate or a key, if we must: where a shared key may do, it may be impossible. */
function readProof(extensions: Extensions, keys: Capabilities13, mayLack: boolean): OwnProof | undefined {
  const schemes = extensions.get(EXTENSION.signatureAlgorithms);
  const types = readCertificateTypes(extensions, 'serverCertificateType');
  const packer = takesPacked(extensions) ? keys.packer : undefined;
  const proof =
    schemes === undefined
      ? 'no-common-signature-scheme'
      : chooseProof(types, readNumbers(schemes, 'signature_algorithms'), keys, packer);
  if (typeof proof !== 'string') return proof;
  if (mayLack) return undefined;
  if (keys.identity === undefined && keys.rawKey === undefined) {
    refuse('no-certificate', ALERT.handshake_failure, 'the client comes without a shared key');
  }
  if (proof === 'unsupported-certificate-type') {
    refuse(proof, ALERT.unsupported_certificate, 'the client takes no kind of key of ours');
  }
  // RFC 8446 4.2.3
  const alert = schemes === undefined ? ALERT.missing_extension : ALERT.handshake_failure;
  refuse(proof, alert, 'the client takes no signature of ours');
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
