import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** Extension numbers (IANA TLS ExtensionType) with the RFC that defines each. */
export const EXTENSION = {
  serverName: 0, // RFC 6066 3
  supportedGroups: 10, // RFC 8422 5.1.1
  ecPointFormats: 11, // RFC 8422 5.1.2
  signatureAlgorithms: 13, // RFC 5246 7.4.1.4.1
  clientCertificateType: 19, // RFC 7250 3
  serverCertificateType: 20, // RFC 7250 3
  padding: 21, // RFC 7685 3
  extendedMasterSecret: 23, // RFC 7627 5.1
  compressCertificate: 27, // RFC 8879 3
  recordSizeLimit: 28, // RFC 8449 4
  preSharedKey: 41, // RFC 8446 4.2.11
  supportedVersions: 43, // RFC 8446 4.2.1
  cookie: 44, // RFC 8446 4.2.2
  pskKeyExchangeModes: 45, // RFC 8446 4.2.9
  keyShare: 51, // RFC 8446 4.2.8
  connectionId: 54, // RFC 9146 3
  rrc: 61, // RFC 9853 3
  renegotiationInfo: 0xff01, // RFC 5746 3.2
} as const;

/** By number; the order on the wire is the map's. */
export type Extensions = ReadonlyMap<number, Uint8Array>;

/** RFC 5246 7.4.1.4: the block may be missing altogether; no number may stand twice. */
export function readExtensions(reader: ByteReader, what: string): Extensions {
  const extensions = new Map<number, Uint8Array>();
  if (reader.remaining === 0) return extensions;
  const block = new ByteReader(reader.vector16(), `${what} extensions`);
  while (block.remaining > 0) {
    const type = block.u16();
    if (extensions.has(type)) block.fail('duplicate-extension');
    extensions.set(type, block.vector16());
  }
  return extensions;
}

/** RFC 8446 4: the block is always there. */
export function readExtensionBlock(reader: ByteReader, what: string): Extensions {
  if (reader.remaining === 0) reader.fail('truncated');
  return readExtensions(reader, what);
}

export function writeExtensions(writer: ByteWriter, extensions: Extensions): void {
  if (extensions.size === 0) return;
  writer.raw(writeExtensionBlock(extensions));
}

/** The block is written even when it is empty. */
export function writeExtensionBlock(extensions: Extensions): Uint8Array {
  const block = new ByteWriter();
  for (const [type, bytes] of extensions) block.u16(type).vector16(bytes);
  return new ByteWriter().vector16(block.bytes()).bytes();
}
