import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { CIPHER_SUITES, type CipherSuite } from '../../src/handshake/cipher-suites.ts';
import { type TrafficKeys, trafficKeys } from '../../src/handshake/key-schedule.ts';
import type { RecordProtection } from '../../src/record/record-protection.ts';
import { HANDSHAKE_HEADER_LENGTH, HANDSHAKE_TYPE, readHandshakeFragment } from '../../src/wire/handshake-message.ts';
import {
  CONTENT_TYPE,
  RECORD_HEADER_LENGTH,
  type RecordHeader,
  readRecordHeader,
  writeRecordHeader,
} from '../../src/wire/record.ts';
import { readServerHello } from '../../src/wire/server-hello.ts';
import type { Side } from './conversation.ts';
import { fromHex } from './wycheproof.ts';

/** A record with its plaintext. */
export interface PlainRecord {
  readonly header: RecordHeader;
  readonly content: Uint8Array;
}

/** Somebody who sees what both sides send and knows the keys from a key log: opens, changes and seals again. */
export class WireView {
  readonly #crypto: CryptoProvider;
  /** The client's key log, in which a line appears before the first record that needs it. */
  readonly #keyLog: readonly string[];
  #serverRandom: Uint8Array = new Uint8Array(32);
  #suite: CipherSuite = CIPHER_SUITES[0]!;
  #keys: { readonly line: string; readonly keys: TrafficKeys } | undefined;

  constructor(crypto: CryptoProvider, keyLog: readonly string[]) {
    this.#crypto = crypto;
    this.#keyLog = keyLog;
  }

  /** The records of a datagram; `undefined` when one of them cannot be opened. */
  open(datagram: Uint8Array, from: Side): PlainRecord[] | undefined {
    const records: PlainRecord[] = [];
    for (let at = 0; at < datagram.length; ) {
      const header = readRecordHeader(datagram, at)!;
      const sealed = datagram.subarray(header.start, header.end);
      const content = header.epoch === 0 ? sealed : this.#protection(from)?.open(...numbers(header), sealed);
      if (content === undefined) return undefined;
      this.#notice(header, content);
      records.push({ header, content });
      at = header.end;
    }
    return records;
  }

  /** One record, sealed with the keys of `from` if its epoch is protected. */
  seal(
    from: Side,
    { type, epoch, sequence }: Pick<RecordHeader, 'type' | 'epoch' | 'sequence'>,
    content: Uint8Array,
  ): Uint8Array {
    const protection = epoch === 0 ? undefined : this.#protection(from)!;
    const length = content.length + (protection?.overhead ?? 0);
    const record = new Uint8Array(RECORD_HEADER_LENGTH + length);
    const start = writeRecordHeader(record, 0, type, epoch, sequence, length);
    if (protection === undefined) record.set(content, start);
    else protection.seal(type, epoch, sequence, content, record, start);
    return record;
  }

  #protection(from: Side): RecordProtection | undefined {
    const line = this.#keyLog.at(-1);
    if (line === undefined) return undefined;
    if (this.#keys?.line !== line) {
      const [, clientRandom, masterSecret] = line.split(' ').map(fromHex);
      const keys = trafficKeys(this.#crypto, this.#suite, masterSecret!, clientRandom!, this.#serverRandom);
      this.#keys = { line, keys };
    }
    return this.#keys.keys[from];
  }

  #notice({ type, epoch }: RecordHeader, content: Uint8Array): void {
    if (type !== CONTENT_TYPE.handshake || epoch !== 0) return;
    const fragment = readHandshakeFragment(content, 0);
    if (fragment?.type !== HANDSHAKE_TYPE.serverHello) return;
    const { random, cipherSuite } = readServerHello(fragment.bytes);
    this.#serverRandom = random;
    this.#suite = CIPHER_SUITES.find(({ number }) => number === cipherSuite)!;
  }
}

/** The fragments of handshake messages in a record, with their headers; all that is in it when it is another record. */
export function piecesOf({ header, content }: PlainRecord): Uint8Array[] {
  if (header.type !== CONTENT_TYPE.handshake) return [content];
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; ) {
    const length = HANDSHAKE_HEADER_LENGTH + readHandshakeFragment(content, at)!.bytes.length;
    pieces.push(content.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

function numbers({ type, epoch, sequence }: RecordHeader): [number, number, number] {
  return [type, epoch, sequence];
}
