import type { SignatureScheme } from '../crypto/provider.ts';
import { ByteWriter, u16List } from '../wire/byte-writer.ts';
import { EXTENSION, type Extensions } from '../wire/extensions.ts';
import { usesCertificate, usesEcdhe } from './cipher-suites.ts';
import type { HandshakeHost } from './handshake.ts';
import { type IdOffer, idExtensions } from './id-extensions.ts';
import { GROUP_NUMBERS, UNCOMPRESSED_POINT } from './parameters.ts';
import { writeRecordSizeLimit } from './record-size-limit.ts';
import { SCHEME_NUMBERS } from './signature-schemes.ts';

interface Settings extends Pick<HandshakeHost, 'crypto' | 'groups' | 'cipherSuites' | 'recordSizeLimit'> {
  /** Connection ids, if they are to be offered. */
  readonly offeredIds?: IdOffer | undefined;
}

/** The extensions of a ClientHello: none that its cipher suites have no use for. */
export function clientExtensions(settings: Settings, serverName: string | undefined): Extensions {
  const { crypto, groups, cipherSuites, recordSizeLimit, offeredIds } = settings;
  const extensions = new Map<number, Uint8Array>([[EXTENSION.extendedMasterSecret, new Uint8Array(0)]]);
  if (cipherSuites.some(usesEcdhe)) {
    extensions.set(EXTENSION.supportedGroups, numberList(groups.map((group) => GROUP_NUMBERS[group])));
    extensions.set(EXTENSION.ecPointFormats, Uint8Array.of(1, UNCOMPRESSED_POINT));
  }
  if (cipherSuites.some(usesCertificate)) {
    extensions.set(EXTENSION.signatureAlgorithms, schemeList(crypto.signatureSchemes));
  }
  if (recordSizeLimit !== undefined) extensions.set(EXTENSION.recordSizeLimit, writeRecordSizeLimit(recordSizeLimit));
  for (const [type, bytes] of idExtensions(offeredIds)) extensions.set(type, bytes);
  if (serverName !== undefined) extensions.set(EXTENSION.serverName, serverNameList(serverName));
  return extensions;
}

function schemeList(schemes: readonly SignatureScheme[]): Uint8Array {
  return numberList(schemes.map((scheme) => SCHEME_NUMBERS[scheme]));
}

function numberList(numbers: readonly number[]): Uint8Array {
  return new ByteWriter().vector16(u16List(numbers)).bytes();
}

/** RFC 6066 3: a list of one host name. */
function serverNameList(name: string): Uint8Array {
  const entry = new ByteWriter().u8(0).vector16(new TextEncoder().encode(name)).bytes();
  return new ByteWriter().vector16(entry).bytes();
}
