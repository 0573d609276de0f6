import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

/** The extension's bytes: the id that the other side is to send (RFC 9146 3); an empty one asks for none. */
export function writeConnectionId(id: Uint8Array): Uint8Array {
  return new ByteWriter().vector8(id).bytes();
}

/** A copy of the id in the extension. Throws `DtlsMalformedError`. */
export function readConnectionId(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes, 'connection_id');
  const id = reader.vector8().slice();
  reader.end();
  return id;
}

/** RFC 9147 9: ids that the receiver may send to the sender of the message. */
export interface NewConnectionId {
  readonly ids: readonly Uint8Array[];
  /** One of them is to be used from now on. */
  readonly isImmediate: boolean;
}

/** Throws `DtlsMalformedError`. */
export function readNewConnectionId(body: Uint8Array): NewConnectionId {
  const reader = new ByteReader(body, 'NewConnectionId');
  const list = new ByteReader(reader.vector16(), 'NewConnectionId cids');
  const usage = reader.u8();
  if (usage > 1) reader.fail('bad-value');
  reader.end();
  const ids: Uint8Array[] = [];
  while (list.remaining > 0) ids.push(list.vector8(1).slice());
  return { ids, isImmediate: usage === 0 };
}

export function writeNewConnectionId({ ids, isImmediate }: NewConnectionId): Uint8Array {
  const list = new ByteWriter();
  for (const id of ids) list.vector8(id);
  return new ByteWriter()
    .vector16(list.bytes())
    .u8(isImmediate ? 0 : 1)
    .bytes();
}

/** RFC 9147 9: how many ids the peer asks for. Throws `DtlsMalformedError`. */
export function readRequestConnectionId(body: Uint8Array): number {
  const reader = new ByteReader(body, 'RequestConnectionId');
  const count = reader.u8();
  reader.end();
  return count;
}
