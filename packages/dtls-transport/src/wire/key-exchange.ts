import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const NAMED_CURVE = 3;

/** RFC 8422 5.4: ServerKeyExchange with a named group. */
export interface ServerKeyExchange {
  readonly group: number;
  readonly publicKey: Uint8Array;
  /** A SignatureAndHashAlgorithm as one number. */
  readonly signatureScheme: number;
  readonly signature: Uint8Array;
  /** The ServerECDHParams, which are signed. */
  readonly params: Uint8Array;
}

/** Throws `DtlsMalformedError`. */
export function readServerKeyExchange(body: Uint8Array): ServerKeyExchange {
  const reader = new ByteReader(body, 'ServerKeyExchange');
  if (reader.u8() !== NAMED_CURVE) reader.fail('bad-value');
  const group = reader.u16();
  const publicKey = reader.vector8(1);
  const params = body.subarray(0, reader.offset);
  const signatureScheme = reader.u16();
  const signature = reader.vector16();
  reader.end();
  return { group, publicKey, signatureScheme, signature, params };
}

/** The ServerECDHParams of RFC 8422 5.4. */
export function serverKeyParams(group: number, publicKey: Uint8Array): Uint8Array {
  return new ByteWriter().u8(NAMED_CURVE).u16(group).vector8(publicKey).bytes();
}

export function writeServerKeyExchange(params: Uint8Array, signatureScheme: number, signature: Uint8Array): Uint8Array {
  return new ByteWriter().raw(params).u16(signatureScheme).vector16(signature).bytes();
}

/** The client's public key (RFC 8422 5.7). Throws `DtlsMalformedError`. */
export function readClientKeyExchange(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body, 'ClientKeyExchange');
  const publicKey = reader.vector8(1);
  reader.end();
  return publicKey;
}

export function writeClientKeyExchange(publicKey: Uint8Array): Uint8Array {
  return new ByteWriter().vector8(publicKey).bytes();
}
