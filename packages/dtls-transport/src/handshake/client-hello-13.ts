import type { CryptoProvider, GroupName } from '../crypto/provider.ts';
import type { PreSharedKey } from '../identity.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { writeClientHello } from '../wire/client-hello.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { HANDSHAKE_HEADER_LENGTH } from '../wire/handshake-message.ts';
import { type KeyShareEntry, writeClientShares, writeNumbers } from '../wire/key-share.ts';
import { bindersLengthOf, writeOfferedPsk } from '../wire/pre-shared-key.ts';
import { DTLS_1_2, DTLS_1_3, RECORD_HEADER_LENGTH } from '../wire/record.ts';
import { type CertificatePacker, PACKING_EXTENSION } from './certificate-packer.ts';
import { type CertificateTypeName, writeCertificateTypes } from './certificate-types.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { CipherSuite13 } from './cipher-suites-13.ts';
import { clientExtensions } from './client-extensions.ts';
import { type IdOffer, idExtensions } from './id-extensions.ts';
import { GROUP_NUMBERS, NULL_COMPRESSION, TLS_EMPTY_RENEGOTIATION_INFO_SCSV } from './parameters.ts';
import { BINDER_LENGTH, pskBinder } from './psk-binder.ts';
import { type PskMode, writePskModes } from './psk-mode.ts';
import { writeRecordSizeLimit } from './record-size-limit.ts';
import { writeCookieExtension } from './server-hello-13.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';
import type { RetriedHello } from './transcript-13.ts';

/** What a client asks for in all its ClientHellos. */
export interface HelloSettings {
  readonly crypto: CryptoProvider;
  readonly random: Uint8Array;
  readonly groups: readonly GroupName[];
  readonly cipherSuites: readonly CipherSuite13[];
  /** Suites of DTLS 1.2; none when 1.2 is not offered. */
  readonly olderSuites: readonly CipherSuite[];
  readonly recordSizeLimit: number | undefined;
  readonly serverName: string | undefined;
  /** Connection ids, if they are offered. */
  readonly ids: IdOffer | undefined;
  /** How the server may show its key, the best first. */
  readonly certificateTypes: readonly CertificateTypeName[];
  /** How we can show ours, the best first. */
  readonly ownTypes: readonly CertificateTypeName[];
  /** Unpacks certificates, if they may be packed. */
  readonly packer: CertificatePacker | undefined;
  /** The key that we share with the server: then nothing else is to show who it is. */
  readonly psk: PreSharedKey | undefined;
  /** How that key may be used, the best first. */
  readonly pskModes: readonly PskMode[];
}

/** What changes from one ClientHello to the next. */
export interface HelloExtras {
  /** Our half of ECDHE; `undefined` where the shared key is to do without. */
  readonly share: KeyShareEntry | undefined;
  readonly cookie: Uint8Array | undefined;
  /** The first ClientHello and its answer, if this is the second. */
  readonly retried: RetriedHello | undefined;
  /** The datagram is to have at least this many bytes (RFC 7685). */
  readonly minDatagram: number;
}

/** A ClientHello: its suites and extensions are what a server of DTLS 1.2 may answer too. */
export interface HelloParts {
  readonly cipherSuites: readonly number[];
  readonly extensions: Extensions;
}

/** The suites and the extensions, those that servers look at first in front. */
export function helloParts(settings: HelloSettings, extras: HelloExtras): HelloParts {
  const { crypto, groups, olderSuites, recordSizeLimit, serverName, psk } = settings;
  const { share, cookie, retried, minDatagram } = extras;
  const both = olderSuites.length > 0;
  const extensions = new Map<number, Uint8Array>([[EXTENSION.supportedVersions, versions(both)]]);
  // A server without state needs it in the first fragment.
  if (cookie !== undefined) extensions.set(EXTENSION.cookie, writeCookieExtension(cookie));
  if (share !== undefined) {
    extensions.set(EXTENSION.keyShare, writeClientShares([share]));
    extensions.set(EXTENSION.supportedGroups, writeNumbers(groups.map((group) => GROUP_NUMBERS[group])));
  }
  if (psk === undefined) for (const [type, bytes] of certificateExtensions(settings)) extensions.set(type, bytes);
  else extensions.set(EXTENSION.pskKeyExchangeModes, writePskModes(settings.pskModes));
  if (recordSizeLimit !== undefined) {
    // RFC 8449 4: in 1.3 the type of the content counts too.
    extensions.set(EXTENSION.recordSizeLimit, writeRecordSizeLimit(recordSizeLimit + (both ? 0 : 1)));
  }
  for (const [type, bytes] of idExtensions(settings.ids)) extensions.set(type, bytes);
  const older = clientExtensions({ crypto, groups, cipherSuites: olderSuites, recordSizeLimit: undefined }, serverName);
  for (const [type, bytes] of older) {
    if (both || type === EXTENSION.serverName) if (!extensions.has(type)) extensions.set(type, bytes);
  }
  // RFC 8446 9.2: groups, which suites of 1.2 may want, do not come without key_share; 4.2.8 lets that be empty.
  if (share === undefined && extensions.has(EXTENSION.supportedGroups)) {
    extensions.set(EXTENSION.keyShare, writeClientShares([]));
  }
  const parts = {
    cipherSuites: [
      ...settings.cipherSuites.map(({ number }) => number),
      ...olderSuites.map(({ number }) => number),
      ...(both ? [TLS_EMPTY_RENEGOTIATION_INFO_SCSV] : []),
    ],
    extensions,
  };
  const missing = minDatagram - helloDatagram(settings, parts);
  // RFC 7685 3: the extension itself has 4 bytes.
  if (missing > 0) extensions.set(EXTENSION.padding, new Uint8Array(Math.max(0, missing - 4)));
  if (psk !== undefined) {
    // RFC 8446 4.2.11: it comes last, and its binder covers all before it, lengths included.
    const none = new Uint8Array(BINDER_LENGTH);
    extensions.set(EXTENSION.preSharedKey, writeOfferedPsk(psk.identity, none));
    const body = writeClientHello13(settings, parts);
    const binder = pskBinder(crypto, psk.key, retried, body, bindersLengthOf(none));
    extensions.set(EXTENSION.preSharedKey, writeOfferedPsk(psk.identity, binder));
  }
  return parts;
}

/** What a server needs to know that shows itself by a certificate or a key. */
function certificateExtensions(settings: HelloSettings): Extensions {
  const { crypto, certificateTypes, ownTypes, packer } = settings;
  const schemes = crypto.signatureSchemes.map((scheme) => SCHEME_NUMBERS[scheme]);
  const extensions = new Map([[EXTENSION.signatureAlgorithms as number, writeNumbers(schemes)]]);
  const types = writeCertificateTypes(certificateTypes);
  if (types !== undefined) extensions.set(EXTENSION.serverCertificateType, types);
  const own = writeCertificateTypes(ownTypes);
  if (own !== undefined) extensions.set(EXTENSION.clientCertificateType, own);
  // Where a raw key is expected it would be 7 bytes for nothing.
  if (packer !== undefined && expectsCertificate(settings)) extensions.set(...PACKING_EXTENSION);
  return extensions;
}

/** The body of the ClientHello. */
export function writeClientHello13({ random }: Pick<HelloSettings, 'random'>, parts: HelloParts): Uint8Array {
  return writeClientHello({
    version: DTLS_1_2, // RFC 9147 5.3
    random,
    sessionId: new Uint8Array(0),
    cookie: new Uint8Array(0), // RFC 9147 5.3: the cookie has moved to an extension
    compressionMethods: Uint8Array.of(NULL_COMPRESSION),
    ...parts,
  });
}

/** Bytes of the datagram that holds all of a ClientHello. */
export function helloDatagram(settings: Pick<HelloSettings, 'random'>, parts: HelloParts): number {
  return RECORD_HEADER_LENGTH + HANDSHAKE_HEADER_LENGTH + writeClientHello13(settings, parts).length;
}

/**
 * A server that shows a certificate sends much more than one that shows its key alone. Who would rather have the key has
 * reason to think that there is one; should it be a certificate after all, the server may ask for a cookie first.
 */
export function expectsCertificate({ certificateTypes, psk }: HelloSettings): boolean {
  return psk === undefined && certificateTypes[0] === 'x509';
}

function versions(both: boolean): Uint8Array {
  const list = new ByteWriter().u16(DTLS_1_3);
  if (both) list.u16(DTLS_1_2);
  return new ByteWriter().vector8(list.bytes()).bytes();
}
