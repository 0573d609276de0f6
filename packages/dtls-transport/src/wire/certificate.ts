import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** The certificates (DER) of a Certificate message, the sender's own first (RFC 5246 7.4.2). Throws `DtlsMalformedError`. */
export function readCertificate(body: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(body, 'Certificate');
  const list = new ByteReader(reader.vector24(), 'Certificate list');
  reader.end();
  const chain: Uint8Array[] = [];
  while (list.remaining > 0) chain.push(list.vector24(1));
  return chain;
}

export function writeCertificate(chain: readonly Uint8Array[]): Uint8Array {
  const list = new ByteWriter();
  for (const certificate of chain) list.vector24(certificate);
  return new ByteWriter().vector24(list.bytes()).bytes();
}
