/** A plain view of a Buffer: its `slice` copies, and nobody above sees Buffer. */
export function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Bytes as JWK writes them (RFC 7517), without a copy on the way. */
export function base64url(bytes: Uint8Array): string {
  return plainBuffer(bytes).toString('base64url');
}

/** The same bytes as Buffer: `node:crypto` takes DER as nothing else. */
export function plainBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
