import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** ServerKeyExchange and ClientKeyExchange of the four kinds of key exchange that we know. */

const NAMED_CURVE = 3;

/** RFC 8422 5.4: the server's half of ECDHE on a named group. */
export interface ServerShare {
  readonly group: number;
  readonly publicKey: Uint8Array;
  /** The ServerECDHParams, which are signed. */
  readonly params: Uint8Array;
}

/** A ServerShare that its certificate has signed. */
export interface SignedServerShare extends ServerShare {
  /** A SignatureAndHashAlgorithm as one number. */
  readonly signatureScheme: number;
  readonly signature: Uint8Array;
}

/** ECDHE_ECDSA and ECDHE_RSA (RFC 8422 5.4). Throws `DtlsMalformedError`. */
export function readSignedServerShare(body: Uint8Array): SignedServerShare {
  const reader = new ByteReader(body, 'ServerKeyExchange');
  const share = readServerShare(body, reader);
  const signed = { ...share, signatureScheme: reader.u16(), signature: reader.vector16() };
  reader.end();
  return signed;
}

/** ECDHE_PSK (RFC 5489 2): a hint, which is not for us, and the share without a signature. Throws `DtlsMalformedError`. */
export function readHintedServerShare(body: Uint8Array): ServerShare {
  const reader = new ByteReader(body, 'ServerKeyExchange');
  reader.vector16();
  const share = readServerShare(body, reader);
  reader.end();
  return share;
}

/** PSK (RFC 4279 2): only a hint. Throws `DtlsMalformedError`. */
export function readIdentityHint(body: Uint8Array): void {
  const reader = new ByteReader(body, 'ServerKeyExchange');
  reader.vector16();
  reader.end();
}

function readServerShare(body: Uint8Array, reader: ByteReader): ServerShare {
  const start = reader.offset;
  if (reader.u8() !== NAMED_CURVE) reader.fail('bad-value');
  const group = reader.u16();
  const publicKey = reader.vector8(1);
  return { group, publicKey, params: body.subarray(start, reader.offset) };
}

/** The ServerECDHParams of RFC 8422 5.4. */
export function serverKeyParams(group: number, publicKey: Uint8Array): Uint8Array {
  return new ByteWriter().u8(NAMED_CURVE).u16(group).vector8(publicKey).bytes();
}

export function writeSignedServerShare(params: Uint8Array, signatureScheme: number, signature: Uint8Array): Uint8Array {
  return new ByteWriter().raw(params).u16(signatureScheme).vector16(signature).bytes();
}

/** With no hint: RFC 4279 5.2 lets none be given, RFC 5489 2 wants the empty one. */
export function writeHintedServerShare(params: Uint8Array): Uint8Array {
  return new ByteWriter().u16(0).raw(params).bytes();
}

/** What a ClientKeyExchange holds; which of the two, the cipher suite says. */
export interface ClientKeyExchange {
  /** The client's half of ECDHE (RFC 8422 5.7). */
  readonly publicKey: Uint8Array | undefined;
  /** Which of the keys that the server shares with clients (RFC 4279 2). */
  readonly pskIdentity: Uint8Array | undefined;
}

/** RFC 8422 5.7, RFC 4279 2, and RFC 5489 2 where it has both. Throws `DtlsMalformedError`. */
export function readClientKeyExchange(
  body: Uint8Array,
  has: { readonly psk: boolean; readonly ecdhe: boolean },
): ClientKeyExchange {
  const reader = new ByteReader(body, 'ClientKeyExchange');
  const pskIdentity = has.psk ? reader.vector16() : undefined;
  const publicKey = has.ecdhe ? reader.vector8(1) : undefined;
  reader.end();
  return { publicKey, pskIdentity };
}

export function writeClientKeyExchange({ publicKey, pskIdentity }: ClientKeyExchange): Uint8Array {
  const writer = new ByteWriter();
  if (pskIdentity !== undefined) writer.vector16(pskIdentity);
  if (publicKey !== undefined) writer.vector8(publicKey);
  return writer.bytes();
}
