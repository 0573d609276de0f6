import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** RFC 8446 4.2.11: pre_shared_key of a ClientHello. */
export interface OfferedPsks {
  /** The names of the keys, the best first. */
  readonly identities: readonly Uint8Array[];
  /** For each of them, what shows that the client has the key. */
  readonly binders: readonly Uint8Array[];
  /** Bytes of the list of binders, which ends the ClientHello: binders are made over what stands before it. */
  readonly bindersLength: number;
}

const WHAT = 'pre_shared_key';

/** Throws `DtlsMalformedError`. */
export function readOfferedPsks(bytes: Uint8Array): OfferedPsks {
  const reader = new ByteReader(bytes, WHAT);
  const names = new ByteReader(reader.vector16(7), WHAT);
  const bindersLength = reader.remaining;
  const proofs = new ByteReader(reader.vector16(33), WHAT);
  reader.end();
  const identities: Uint8Array[] = [];
  while (names.remaining > 0) {
    identities.push(names.vector16(1));
    names.fixed(4); // the age of a ticket: RFC 8446 4.2.11 ignores it with an external key
  }
  const binders: Uint8Array[] = [];
  while (proofs.remaining > 0) binders.push(proofs.vector8(32));
  // One for each.
  if (binders.length !== identities.length) proofs.fail('bad-value');
  return { identities, binders, bindersLength };
}

/** The extension for one key from outside, with its binder last. */
export function writeOfferedPsk(identity: Uint8Array, binder: Uint8Array): Uint8Array {
  const name = new ByteWriter().vector16(identity).u16(0).u16(0).bytes();
  return new ByteWriter().vector16(name).vector16(new ByteWriter().vector8(binder).bytes()).bytes();
}

/** Bytes of the list of one binder. */
export function bindersLengthOf(binder: Uint8Array): number {
  return 3 + binder.length;
}
