import { DtlsMalformedError } from '../errors.ts';
import { ByteReader } from './byte-reader.ts';
import { EXTENSION, type Extensions } from './extensions.ts';
import { DTLS_1_3 } from './record.ts';

/** What a listener looks at before it keeps anything. */
export interface ClientHelloPeek {
  readonly cookie: Uint8Array | undefined;
  readonly versions: Uint8Array | undefined;
}

/**
 * Looks for a cookie and for the versions in a ClientHello of which perhaps only the first fragment is here: extensions that
 * are cut off are not seen (RFC 9147 5.1 leaves it to the client to put first what a server without state needs). Never throws.
 */
export function peekClientHello(bytes: Uint8Array): ClientHelloPeek {
  const extensions = new Map<number, Uint8Array>();
  try {
    readAsFarAsPossible(bytes, extensions);
  } catch (error) {
    if (!(error instanceof DtlsMalformedError)) throw error;
  }
  const known: Extensions = extensions;
  return { cookie: known.get(EXTENSION.cookie), versions: known.get(EXTENSION.supportedVersions) };
}

/** The extension names DTLS 1.3 (RFC 8446 4.2.1). A list that cannot be read names nothing. */
export function offersVersion13(versions: Uint8Array): boolean {
  for (let at = 1; at + 1 < versions.length; at += 2) {
    if (((versions[at]! << 8) | versions[at + 1]!) === DTLS_1_3) return versions[0] === versions.length - 1;
  }
  return false;
}

function readAsFarAsPossible(bytes: Uint8Array, extensions: Map<number, Uint8Array>): void {
  const reader = new ByteReader(bytes, 'ClientHello');
  reader.fixed(2 + 32);
  reader.vector8();
  reader.vector8();
  reader.vector16();
  reader.vector8();
  reader.u16();
  while (reader.remaining > 0) extensions.set(reader.u16(), reader.vector16());
}
